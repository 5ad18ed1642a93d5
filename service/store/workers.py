"""Every SQL statement about workers: who is alive, on which device, doing what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.store.tables import WorkerRow


def report_worker(session: Session, row: WorkerRow) -> None:
    """Says that a worker is alive and what it does."""
    session.merge(row)
    session.flush()


def note_job(session: Session, worker_id: str, job_id: str | None) -> None:
    """Says which job a worker holds, None = it is free."""
    session.execute(update(WorkerRow).where(WorkerRow.id == worker_id).values(job_id=job_id))


def touch_worker(session: Session, worker_id: str, seen_at: datetime, ready_at: datetime | None) -> bool:
    """Says that a known worker is still alive, and since when it can train; False where its row is gone."""
    # Never back to none: a heartbeat may have waited while the worker became ready.
    seen = {"seen_at": seen_at} | ({} if ready_at is None else {"ready_at": ready_at})
    statement = update(WorkerRow).where(WorkerRow.id == worker_id).values(**seen)
    touched: Any = session.execute(statement.execution_options(synchronize_session=False))
    return bool(touched.rowcount)


def list_workers(session: Session, seen_after: datetime) -> Sequence[WorkerRow]:
    """Gives the workers that were seen lately, oldest first."""
    return session.scalars(select(WorkerRow).where(WorkerRow.seen_at > seen_after).order_by(WorkerRow.id)).all()


def drop_worker(session: Session, worker_id: str) -> None:
    """Forgets a worker that has ended."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))


def unseen_workers(session: Session, before: datetime) -> Sequence[str]:
    """Gives the ids of workers that were last seen before a time."""
    return session.scalars(select(WorkerRow.id).where(WorkerRow.seen_at < before)).all()


def drop_unseen_workers(session: Session, before: datetime, worker_ids: Sequence[str]) -> int:
    """Forgets those of these workers that were last seen before a time; gives their number."""
    dropped: Any = session.execute(delete(WorkerRow).where(WorkerRow.id.in_(worker_ids), WorkerRow.seen_at < before))
    return int(dropped.rowcount)
