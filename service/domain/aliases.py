"""Aliases: names such as `champion` that people give to a version and move on to another, with their history."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.domain.errors import AliasNotFound, Fault, IfMatchFailed, IfMatchMissing, InvalidAlias
from service.domain.job_patches import ANY
from service.domain.models import LATEST, find_numbered, missing_version, require_model
from service.store import aliases as statements
from service.store.engine import database_now
from service.store.tables import AliasStepRow

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,62}")


@dataclass(frozen=True, eq=False)
class Alias:
    """An alias with all that it named; `steps` are oldest first, one without a version is a deletion."""

    steps: Sequence[AliasStepRow]

    @property
    def last(self) -> AliasStepRow:
        """What it names now."""
        return self.steps[-1]

    @property
    def revision(self) -> str:
        """A word for what it names now, of which a change must know."""
        return revision_of(self.last)


def revision_of(step: AliasStepRow) -> str:
    """Gives a word for a step that no other has: steps are counted anew where a model is deleted and made again."""
    return f"{step.step}-{step.at.timestamp():.6f}"


def get_alias(session: Session, model_name: str, alias: str) -> Alias:
    """Gives an alias that names a version.

    Raises:
        ModelNotFound: no such model.
        AliasNotFound: no such alias.
    """
    require_model(session, model_name)
    found = statements.list_steps(session, model_name, alias)
    if not found or found[-1].version is None:
        raise AliasNotFound
    return Alias(found)


def list_aliases(session: Session, model_name: str) -> Sequence[AliasStepRow]:
    """Gives what each alias of a model names now.

    Raises:
        ModelNotFound: no such model.
    """
    require_model(session, model_name)
    return statements.list_last_steps(session, model_name)


def put_alias(
    session: Session, model_name: str, alias: str, version: int, *, seen: Collection[str] | None
) -> tuple[Alias, bool]:
    """Lets an alias name a version, and says whether it is new. Commits.

    Args:
        session: whose transaction all of it belongs to.
        model_name: of the model.
        alias: its name.
        version: a draft or a published one.
        seen: revisions of which the alias must have one, ANY = whichever. A new alias needs none: whoever comes second
            meets one that is there.

    Raises:
        InvalidAlias: a name that a version could have.
        ModelNotFound, VersionNotFound, VersionGone: nothing to name.
        IfMatchMissing, IfMatchFailed: the caller has not seen what it names now.
    """
    if not _NAME.fullmatch(alias) or alias == LATEST:
        message = "expected 1 to 63 characters: a-z first, then a-z, 0-9, dot, dash, underscore; not `latest`"
        raise InvalidAlias(message, [Fault("{alias}", "invalid_alias", message)])
    require_model(session, model_name)
    if find_numbered(session, model_name, version) is None:
        raise missing_version(session, model_name, str(version))
    before = statements.last_step(session, model_name, alias)
    is_new = before is None or before.version is None
    _check_seen(None if is_new else before, seen)
    _add(session, model_name, alias, before, version)
    return get_alias(session, model_name, alias), is_new


def delete_alias(session: Session, model_name: str, alias: str, *, seen: Collection[str] | None) -> None:
    """Lets an alias name nothing; its history stays. Commits.

    Raises:
        ModelNotFound, AliasNotFound: nothing to delete.
        IfMatchMissing, IfMatchFailed: the caller has not seen what it names now.
    """
    before = get_alias(session, model_name, alias).last
    _check_seen(before, seen)
    _add(session, model_name, alias, before, None)


def _check_seen(before: AliasStepRow | None, seen: Collection[str] | None) -> None:
    if before is None:
        if seen is not None:
            raise IfMatchFailed
        return
    if seen is None:
        raise IfMatchMissing
    if ANY not in seen and revision_of(before) not in seen:
        raise IfMatchFailed


def _add(session: Session, model_name: str, alias: str, before: AliasStepRow | None, version: int | None) -> None:
    number = 1 if before is None else before.step + 1
    row = AliasStepRow(model_name=model_name, alias=alias, step=number, version=version, at=database_now(session))
    try:
        statements.add_step(session, row)
        session.commit()
    except IntegrityError:
        # Somebody else made this very step between our look and our write.
        session.rollback()
        raise IfMatchFailed from None
