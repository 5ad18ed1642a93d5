"""What an operator asks of all jobs at once: how many wait and since when, which have ended, how often one was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.store.blobs import insert_or_ignore
from service.store.tables import CounterRow, JobRow

LEASE_LOSSES = "lease_losses"


@dataclass(frozen=True)
class Waiting:
    """Jobs of one kind in one state; `due` is since when the first of them may go on."""

    kind: str
    status: str
    count: int
    due: datetime


@dataclass(frozen=True)
class Ended:
    """A job that has ended; one that was cancelled before it began has no start."""

    id: str
    kind: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None


def count_live_jobs(session: Session, statuses: Collection[str]) -> Sequence[Waiting]:
    """Gives how many jobs of each kind are in each of these states."""
    columns = JobRow.kind, JobRow.status, func.count(), func.min(JobRow.not_before)
    found = select(*columns).where(JobRow.status.in_(statuses)).group_by(JobRow.kind, JobRow.status)
    return [Waiting(*row) for row in session.execute(found)]


def list_ended_jobs(session: Session, after: datetime, limit: int) -> Sequence[Ended]:
    """Gives the jobs that have ended after a time, oldest first."""
    columns = JobRow.id, JobRow.kind, JobRow.status, JobRow.started_at, JobRow.finished_at
    found = select(*columns).where(JobRow.finished_at > after).order_by(JobRow.finished_at).limit(limit)
    return [Ended(*row) for row in session.execute(found)]


def count_up(session: Session, name: str) -> None:
    """Counts one more, in the transaction of what is counted."""
    session.execute(insert_or_ignore(session, CounterRow).values(name=name, value=0))
    session.execute(update(CounterRow).where(CounterRow.name == name).values(value=CounterRow.value + 1))


def counter(session: Session, name: str) -> int:
    """Gives what was counted since the database was made."""
    return session.scalar(select(CounterRow.value).where(CounterRow.name == name)) or 0
