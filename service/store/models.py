"""Every SQL statement about models and their versions; never commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import ScalarResult, case, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from service.store.blobs import insert_or_ignore
from service.store.changes import announce_versions
from service.store.engine import FEW_AT_A_TIME, database_now
from service.store.tables import ModelRow, VersionRow


def take_next_number(session: Session, model_name: str) -> int:
    """Gives the model's next version number and counts on; makes the model where it is new.

    The row is locked by its own UPDATE until the transaction ends, so two publishers never get one number.
    """
    announce_versions(session)
    new = {"name": model_name, "created_at": database_now(session), "next_version": 1}
    session.execute(insert_or_ignore(session, ModelRow).values(**new))
    counted = (
        update(ModelRow)
        .where(ModelRow.name == model_name)
        .values(next_version=ModelRow.next_version + 1)
        .returning(ModelRow.next_version)
        .execution_options(synchronize_session=False)
    )
    return int(session.execute(counted).scalar_one()) - 1


def find_version(
    session: Session, model_name: str, number: int, lock: Literal["keep", "delete"] | None = None
) -> VersionRow | None:
    """Gives one version by its number.

    Args:
        session: of the transaction.
        model_name: of its model.
        number: of the version.
        lock: "keep" = nobody deletes it before the transaction ends, "delete" = nobody keeps it meanwhile.
    """
    wanted = _versions_of(model_name).where(VersionRow.version == number)
    if lock is not None:
        wanted = wanted.with_for_update(read=lock == "keep", key_share=lock == "keep")
    return session.scalars(wanted).one_or_none()


def find_latest_version(session: Session, model_name: str) -> VersionRow | None:
    """Gives the published version with the largest number."""
    published = _versions_of(model_name).where(VersionRow.status == "published")
    return session.scalars(published.order_by(VersionRow.version.desc()).limit(1)).one_or_none()


def find_version_by_id(session: Session, version_id: str, *, lock: bool = False) -> VersionRow | None:
    """Gives one version by its id; with a lock it cannot be deleted before the transaction ends."""
    wanted = select(VersionRow).where(VersionRow.id == version_id)
    return session.scalars(wanted.with_for_update(key_share=True) if lock else wanted).one_or_none()


def find_version_of_job(session: Session, job_id: str) -> VersionRow | None:
    """Gives the version that a job made."""
    return session.scalars(select(VersionRow).where(VersionRow.job_id == job_id)).one_or_none()


def list_versions(
    session: Session, model_name: str, limit: int, below: int | None, status: str | None = None
) -> ScalarResult[VersionRow]:
    """Gives versions, newest first, those with a smaller number than `below`; with a status only those that have it.

    They are read a few at a time: each may be large.
    """
    found = _versions_of(model_name)
    if status is not None:
        found = found.where(VersionRow.status == status)
    if below is not None:
        found = found.where(VersionRow.version < below)
    return session.scalars(found.order_by(VersionRow.version.desc()).limit(limit), execution_options=FEW_AT_A_TIME)


def list_published_numbers(session: Session, model_name: str, limit: int) -> Sequence[int]:
    """Gives the numbers of the published versions, largest first."""
    published = select(VersionRow.version).where(VersionRow.model_name == model_name, VersionRow.status == "published")
    return session.scalars(published.order_by(VersionRow.version.desc()).limit(limit)).all()


def list_latest_numbers(session: Session, limit: int) -> Sequence[tuple[str, int]]:
    """Gives names of models and their latest published number, the one with the newest such version first."""
    latest = func.max(VersionRow.version)
    published = select(VersionRow.model_name, latest).where(VersionRow.status == "published")
    newest_first = published.group_by(VersionRow.model_name).order_by(func.max(VersionRow.id).desc())
    return [(name, int(number)) for name, number in session.execute(newest_first.limit(limit))]


def publish(session: Session, version_id: str) -> bool:
    """Makes a draft a published version; says whether it is still there."""
    announce_versions(session)
    statement = update(VersionRow).where(VersionRow.id == version_id).values(status="published")
    published: Any = session.execute(statement.execution_options(synchronize_session=False))
    return bool(published.rowcount)


def list_models(
    session: Session, limit: int, below: str | None
) -> Iterator[tuple[ModelRow, int, VersionRow, VersionRow | None]]:
    """Yields models that have versions, newest version first: their number of versions, newest and latest published.

    They are read a few at a time: each may be large.

    Args:
        limit: models at most.
        below: id of the newest version of the last model of the page before (ids sort by time).
    """
    published = case((VersionRow.status == "published", VersionRow.version))
    counted = (
        select(
            VersionRow.model_name,
            func.count().label("versions"),
            func.max(VersionRow.version).label("newest"),
            func.max(published).label("latest"),
        )
        .group_by(VersionRow.model_name)
        .subquery()
    )
    latest = aliased(VersionRow)
    found = (
        select(ModelRow, counted.c.versions, VersionRow, latest)
        .join(counted, counted.c.model_name == ModelRow.name)
        .join(VersionRow, (VersionRow.model_name == ModelRow.name) & (VersionRow.version == counted.c.newest))
        .outerjoin(latest, (latest.model_name == ModelRow.name) & (latest.version == counted.c.latest))
        .order_by(VersionRow.id.desc())
        .limit(limit)
    )
    if below is not None:
        found = found.where(VersionRow.id < below)
    with session.execute(found, execution_options=FEW_AT_A_TIME) as rows:
        for model, versions, newest, last in rows:
            yield model, int(versions), newest, last


def find_model(session: Session, model_name: str) -> ModelRow | None:
    """Gives the model's row, also where all its versions are deleted."""
    return session.get(ModelRow, model_name)


def count_versions(session: Session, model_name: str) -> int:
    """Gives the number of versions that are left."""
    counted = select(func.count()).select_from(VersionRow).where(VersionRow.model_name == model_name)
    return int(session.execute(counted).scalar_one())


def delete_versions(session: Session, model_name: str, number: int | None = None) -> int:
    """Deletes one version, or all of a model; gives how many. The model's row stays, for its numbers."""
    announce_versions(session)
    statement = delete(VersionRow).where(VersionRow.model_name == model_name)
    if number is not None:
        statement = statement.where(VersionRow.version == number)
    deleted: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(deleted.rowcount)


def _versions_of(model_name: str) -> Any:
    return select(VersionRow).where(VersionRow.model_name == model_name)
