"""The version that a spec names: by its number, by an alias or as `latest`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import Fault, InvalidSpec, ModelNotFound, VersionNotFound
from service.domain.models import LATEST, get_version
from service.store.tables import VersionRow


def named_version(session: Session, named: Mapping[str, Any], where: str = "") -> VersionRow:
    """Gives the version that the fields `model` and `version` name.

    Args:
        session: to read with.
        named: `version` may be absent: it is the latest then.
        where: a JSON pointer to the object that has the fields.

    Raises:
        InvalidSpec: no such model or version.
    """
    try:
        return get_version(session, str(named["model"]), str(named.get("version") or LATEST))
    except (ModelNotFound, VersionNotFound) as error:
        # The job is what was asked for; the version is a wrong value in it.
        pointer = where + ("/model" if isinstance(error, ModelNotFound) else "/version")
        raise InvalidSpec(str(error), [Fault(pointer, "unknown_version", str(error))]) from None
