"""Every SQL statement that looks at the logs of jobs from the side: how far they are, and their metrics."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store.tables import EventRow, JobRow

METRIC = "metric"
# Databases bound the values of one statement.
_MOST_VALUES = 10_000


def last_numbers(session: Session, job_ids: Collection[str]) -> dict[str, int]:
    """Gives the number of each job's last event; a job that is gone is left out."""
    query = select(JobRow.id, JobRow.event_seq).where(JobRow.id.in_(job_ids))
    return {row.id: row.event_seq for row in session.execute(query)}


def find_event(session: Session, job_id: str, number: int) -> EventRow | None:
    """Gives one event of a job's log."""
    return session.get(EventRow, (job_id, number))


def list_metrics(session: Session, job_id: str) -> Sequence[EventRow]:
    """Gives a job's metrics, oldest first."""
    query = select(EventRow).where(EventRow.job_id == job_id, EventRow.type == METRIC)
    return session.scalars(query.order_by(EventRow.seq)).all()


def count_metrics(session: Session, job_id: str) -> int:
    """Gives how many metrics a job's log holds."""
    return session.scalar(select(func.count()).where(EventRow.job_id == job_id, EventRow.type == METRIC)) or 0


def metric_numbers(session: Session, job_id: str) -> Sequence[int]:
    """Gives the numbers of a job's metrics, rising."""
    query = select(EventRow.seq).where(EventRow.job_id == job_id, EventRow.type == METRIC)
    return session.scalars(query.order_by(EventRow.seq)).all()


def drop_events(session: Session, job_id: str, numbers: Sequence[int]) -> None:
    """Deletes events by their numbers."""
    for first in range(0, len(numbers), _MOST_VALUES):
        some = numbers[first : first + _MOST_VALUES]
        statement = delete(EventRow).where(EventRow.job_id == job_id, EventRow.seq.in_(some))
        session.execute(statement.execution_options(synchronize_session=False))
