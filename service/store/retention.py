"""Every SQL statement that finds and forgets what ended jobs leave; never commits.

What is found is looked for without a lock and forgotten by its ids: a job that has ended never changes again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, exists, select, update
from sqlalchemy.orm import Session

from service.store.tables import CheckpointRow, EventRow, JobRow

# So many jobs lose something in one transaction: a long one would hold up who writes.
JOBS_AT_ONCE = 50


def with_old_checkpoints(session: Session, before: datetime) -> Sequence[str]:
    """Gives some jobs that ended before `before` and keep bytes of checkpoints."""
    kept = exists().where(CheckpointRow.job_id == JobRow.id, CheckpointRow.blob_sha256.is_not(None))
    return _some(session, _ended(before).where(kept))


def with_old_events(session: Session, before: datetime, lasting: Collection[str]) -> Sequence[str]:
    """Gives some jobs that ended before `before` and have events of types that do not last."""
    kept = exists().where(EventRow.job_id == JobRow.id, EventRow.type.not_in(lasting))
    return _some(session, _ended(before).where(kept))


def old_jobs(session: Session, before: datetime) -> Sequence[str]:
    """Gives some jobs that ended before `before`."""
    return _some(session, _ended(before))


def free_checkpoints(session: Session, job_ids: Sequence[str]) -> int:
    """Lets the bytes of all checkpoints of some jobs go; gives their number."""
    kept = update(CheckpointRow).where(CheckpointRow.blob_sha256.is_not(None), CheckpointRow.job_id.in_(job_ids))
    return _changed(session, kept.values(blob_sha256=None))


def drop_events(session: Session, job_ids: Sequence[str], lasting: Collection[str]) -> int:
    """Deletes events of some jobs, but for the types that last; gives their number."""
    return _changed(session, delete(EventRow).where(EventRow.job_id.in_(job_ids), EventRow.type.not_in(lasting)))


def drop_jobs(session: Session, job_ids: Sequence[str]) -> int:
    """Deletes some jobs with events and checkpoints; gives their number."""
    return _changed(session, delete(JobRow).where(JobRow.id.in_(job_ids)))


def _ended(before: datetime) -> Select[str]:
    return select(JobRow.id).where(JobRow.finished_at < before)


def _some(session: Session, found: Select[str]) -> Sequence[str]:
    return session.scalars(found.limit(JOBS_AT_ONCE)).all()


def _changed(session: Session, statement: Update | Delete) -> int:
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
