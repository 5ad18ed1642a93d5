"""Every SQL statement that forgets what ended jobs leave; never commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Update, delete, exists, select, update
from sqlalchemy.orm import Session

from service.store.tables import CheckpointRow, EventRow, JobRow

# So many jobs lose their events in one transaction: a long one would hold up who writes.
JOBS_AT_ONCE = 50


def release_checkpoints(session: Session, before: datetime) -> int:
    """Lets the bytes go of all checkpoints of jobs that ended before `before`; gives their number."""
    ended = select(JobRow.id).where(JobRow.finished_at < before)
    released = update(CheckpointRow).where(CheckpointRow.blob_sha256.is_not(None), CheckpointRow.job_id.in_(ended))
    return _changed(session, released.values(blob_sha256=None))


def drop_events(session: Session, before: datetime, kept: Collection[str]) -> int:
    """Deletes events of some jobs that ended before `before`, but for the types `kept`; gives their number."""
    is_dropped = EventRow.type.not_in(kept)
    ended = select(JobRow.id).where(
        JobRow.finished_at < before, exists().where(EventRow.job_id == JobRow.id, is_dropped)
    )
    return _changed(session, delete(EventRow).where(EventRow.job_id.in_(ended.limit(JOBS_AT_ONCE)), is_dropped))


def drop_jobs(session: Session, before: datetime) -> int:
    """Deletes some jobs that ended before `before`, with events and checkpoints; gives their number."""
    ended = select(JobRow.id).where(JobRow.finished_at < before).limit(JOBS_AT_ONCE)
    return _changed(session, delete(JobRow).where(JobRow.id.in_(ended)))


def _changed(session: Session, statement: Update | Delete) -> int:
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
