"""Every SQL statement about aliases; an alias is what its last step says, and a step is never changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from service.store.changes import announce_versions
from service.store.tables import AliasStepRow


def add_step(session: Session, row: AliasStepRow) -> None:
    """Adds a step; of two that add the same one at once the second breaks the primary key."""
    announce_versions(session)
    session.add(row)
    session.flush()


def list_steps(session: Session, model_name: str, alias: str) -> Sequence[AliasStepRow]:
    """Gives the steps of an alias, oldest first."""
    found = _steps(model_name).where(AliasStepRow.alias == alias)
    return session.scalars(found.order_by(AliasStepRow.step)).all()


def last_step(session: Session, model_name: str, alias: str) -> AliasStepRow | None:
    """Gives the newest step of an alias."""
    found = _steps(model_name).where(AliasStepRow.alias == alias)
    return session.scalars(found.order_by(AliasStepRow.step.desc()).limit(1)).one_or_none()


def list_last_steps(session: Session, model_name: str, version: int | None = None) -> Sequence[AliasStepRow]:
    """Gives the newest step of each alias that names a version, of those that name this one; by their names."""
    newest = (
        select(AliasStepRow.alias, func.max(AliasStepRow.step).label("step"))
        .where(AliasStepRow.model_name == model_name)
        .group_by(AliasStepRow.alias)
        .subquery()
    )
    found = _steps(model_name).join(
        newest, (newest.c.alias == AliasStepRow.alias) & (newest.c.step == AliasStepRow.step)
    )
    named = AliasStepRow.version.is_not(None) if version is None else AliasStepRow.version == version
    return session.scalars(found.where(named).order_by(AliasStepRow.alias)).all()


def delete_steps(session: Session, model_name: str) -> None:
    """Deletes all aliases of a model with their history."""
    session.execute(delete(AliasStepRow).where(AliasStepRow.model_name == model_name))


def _steps(model_name: str) -> Select[AliasStepRow]:
    return select(AliasStepRow).where(AliasStepRow.model_name == model_name)
