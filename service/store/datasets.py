"""Every SQL statement about data sets; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ScalarResult, delete, or_, select, update
from sqlalchemy.orm import Session

from service.store.tables import DatasetRow, JobRow, VersionRow

_ENDED = ("succeeded", "failed", "cancelled")


def add_dataset(session: Session, row: DatasetRow) -> None:
    """Adds a row; its blob is there already."""
    session.add(row)
    session.flush()


def find_dataset(session: Session, dataset_id: str) -> DatasetRow | None:
    """Gives a data set by its id."""
    return session.get(DatasetRow, dataset_id)


def lock_dataset(session: Session, dataset_id: str) -> DatasetRow | None:
    """Gives a data set and keeps others from referring to it until the transaction ends."""
    statement = select(DatasetRow).where(DatasetRow.id == dataset_id).with_for_update()
    return session.scalars(statement).one_or_none()


def list_datasets(session: Session, limit: int, below: str | None) -> ScalarResult[DatasetRow]:
    """Gives data sets, newest first (ids sort by time), from below the id `below`; each is read in its turn."""
    found = select(DatasetRow)
    if below is not None:
        found = found.where(DatasetRow.id < below)
    return session.scalars(found.order_by(DatasetRow.id.desc()).limit(limit), execution_options={"yield_per": 1})


def live_jobs_of(session: Session, dataset_id: str, limit: int) -> Sequence[str]:
    """Gives ids of jobs that have not ended and refer to the data set, or are judged by it."""
    judged = JobRow.resolved[("test_dataset", "id")].as_string() == dataset_id
    live = select(JobRow.id).where(or_(JobRow.dataset_id == dataset_id, judged), JobRow.status.not_in(_ENDED))
    return session.scalars(live.order_by(JobRow.id).limit(limit)).all()


def models_of(session: Session, dataset_id: str, limit: int) -> Sequence[str]:
    """Gives names of models with a version that was trained on the data set."""
    names = select(VersionRow.model_name).where(VersionRow.dataset_id == dataset_id).distinct()
    return session.scalars(names.order_by(VersionRow.model_name).limit(limit)).all()


def delete_dataset(session: Session, dataset_id: str) -> None:
    """Deletes a data set and takes it from ended jobs and from versions; its blob stays for the sweep."""
    without_sync: dict[str, Any] = {"synchronize_session": False}
    for row in (JobRow, VersionRow):
        taken = update(row).where(row.dataset_id == dataset_id).values(dataset_id=None)
        session.execute(taken.execution_options(**without_sync))
    session.execute(delete(DatasetRow).where(DatasetRow.id == dataset_id).execution_options(**without_sync))
