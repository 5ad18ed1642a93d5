"""Lists of models and of their versions, newest first; a page ends early where its entries are large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.domain.bounded_lists import FirstPart, first_part
from service.domain.models import ModelSummary, VersionStatus, require_model
from service.store import models as statements
from service.store.tables import VersionRow


def list_models(session: Session, limit: int, after: str | None = None) -> FirstPart[ModelSummary]:
    """Gives models, the one with the newest version first; `after` is the newest version's id of the last one seen."""
    found = (ModelSummary(*facts) for facts in statements.list_models(session, limit + 1, after))
    return first_part(found, limit, lambda model: [_long_facts(model.newest), _long_facts(model.latest)])


def list_versions(
    session: Session, model_name: str, limit: int, after: int | None = None, status: VersionStatus | None = None
) -> FirstPart[VersionRow]:
    """Gives a model's versions, newest first, from below the number `after`; with a status only those that have it.

    Raises:
        ModelNotFound: no such model.
    """
    require_model(session, model_name)
    with statements.list_versions(session, model_name, limit + 1, after, status) as found:
        return first_part(found, limit, _long_facts)


def list_published_numbers(session: Session, model_name: str, limit: int) -> Sequence[int]:
    """Gives the numbers of the published versions, largest first."""
    return statements.list_published_numbers(session, model_name, limit)


def list_latest_numbers(session: Session, limit: int) -> Sequence[tuple[str, int]]:
    """Gives names of models and the number that is `latest`, the one with the newest published version first."""
    return statements.list_latest_numbers(session, limit)


def _long_facts(row: VersionRow | None) -> list[Any]:
    return [] if row is None else [row.signature, row.metrics, row.training, row.edit]
