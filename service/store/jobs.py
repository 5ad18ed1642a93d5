"""Every SQL statement about jobs and their events; `change_job` is the only way a job's row changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarResult,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from service.store.engine import FEW_AT_A_TIME, database_now
from service.store.notices import announce_job
from service.store.tables import EventRow, JobRow

Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Taker:
    """Which jobs a worker takes, and when.

    Attributes:
        device: takes jobs that ask for it by name.
        kind: of the device, such as cuda.
        now: by the clock of the database.
        longest_rest: no job rests longer before it may be claimed; where one is to, the clock was set back meanwhile.
        leaves_for: of the jobs that leave the device open, leaves those that are meant for another kind to others for
            so long; None = takes them at once.
    """

    device: str
    kind: str
    now: datetime
    longest_rest: timedelta
    leaves_for: timedelta | None = None


@dataclass(frozen=True)
class Lease:
    """Until when a job is held under a token, as it was read."""

    job_id: str
    token: int
    until: datetime | None


def add_job(session: Session, row: JobRow, events: Sequence[Event]) -> None:
    """Adds a job and the first events of its log."""
    row.event_seq = len(events)
    session.add(row)
    session.flush()
    _add_events(session, row.id, 1, events)
    announce_job(session)


def find_job(session: Session, job_id: str) -> JobRow | None:
    """Gives a job as it is now, not as this session last saw it."""
    return session.get(JobRow, job_id, populate_existing=True)


def lock_job(session: Session, job_id: str) -> JobRow | None:
    """Gives a job that nobody else changes before this transaction ends."""
    return session.get(JobRow, job_id, populate_existing=True, with_for_update=True)


def list_jobs(
    session: Session,
    limit: int,
    after: str | None = None,
    *,
    statuses: Collection[str] = (),
    model_name: str | None = None,
    dataset_id: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> ScalarResult[JobRow]:
    """Gives jobs that fit every filter, newest first, from below the id `after`; read a few at a time."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(JobRow.id < after)
    if statuses:
        query = query.where(JobRow.status.in_(statuses))
    if model_name is not None:
        query = query.where(JobRow.model_name == model_name)
    if dataset_id is not None:
        query = query.where(JobRow.dataset_id == dataset_id)
    for label, value in (labels or {}).items():
        query = query.where(JobRow.labels[label].as_string() == value)
    return session.scalars(query, execution_options=FEW_AT_A_TIME)


def count_jobs(session: Session, statuses: Collection[str]) -> int:
    """Gives the number of jobs in these states."""
    return session.scalar(select(func.count()).where(JobRow.status.in_(statuses))) or 0


def delete_job(session: Session, job_id: str, statuses: Collection[str]) -> bool:
    """Deletes a job with its events, if it is in one of these states; says whether it did."""
    deleted: Any = session.execute(delete(JobRow).where(JobRow.id == job_id, JobRow.status.in_(statuses)))
    return bool(deleted.rowcount)


def change_job(
    session: Session,
    job_id: str,
    *,
    sources: Collection[str],
    values: Mapping[str, Any] | None = None,
    events: Sequence[Event] = (),
    token: int | None = None,
) -> int | None:
    """Changes a job and appends to its log, if it is still in one of the states `sources` and held under `token`.

    Compare-and-set: of two that try at once one wins, and the other's events are not written either.

    Args:
        session: whose transaction all of it belongs to.
        job_id: the job.
        sources: states in which the change is legal.
        values: columns to set.
        events: (type, data), in order.
        token: of the claim under which the caller holds the job; None for callers that hold no lease.

    Returns:
        The number of the job's last event, None where the change was not made.
    """
    guard = [JobRow.id == job_id, JobRow.status.in_(sources)]
    if token is not None:
        guard.append(JobRow.token == token)
    statement = update(JobRow).where(*guard).values(**(values or {}), event_seq=JobRow.event_seq + len(events))
    last: int | None = session.execute(
        statement.returning(JobRow.event_seq).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if last is None:
        return None
    _add_events(session, job_id, last - len(events) + 1, events)
    if (values or {}).get("status") == "queued":
        announce_job(session)
    return last


def next_job_due(session: Session, taker: Taker) -> datetime | None:
    """Gives when the first of the waiting jobs may be claimed. Asks without a lock: idle workers disturb nobody."""
    may_go = case((_rests_too_long(taker), literal(taker.now, JobRow.not_before.type)), else_=JobRow.not_before)
    due: datetime | None = session.scalar(select(func.min(may_go)).where(*_waiting_for(taker)))
    return due


def lock_next_job(session: Session, taker: Taker) -> JobRow | None:
    """Gives the next job to run (priority, then age), passing over those that others are just claiming."""
    query = (
        select(JobRow)
        .where(or_(JobRow.not_before <= taker.now, _rests_too_long(taker)), *_waiting_for(taker))
        .order_by(JobRow.priority.desc(), JobRow.created_at, JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query.execution_options(populate_existing=True)).first()


def list_leases(session: Session, statuses: Collection[str], worker_id: str | None = None) -> list[Lease]:
    """Gives the leases of the jobs in these states, of all workers or of one."""
    query = select(JobRow.id, JobRow.token, JobRow.lease_until).where(JobRow.status.in_(statuses))
    if worker_id is not None:
        query = query.where(JobRow.worker_id == worker_id)
    return [Lease(*row) for row in session.execute(query)]


def list_events(session: Session, job_id: str, after: int, limit: int) -> Sequence[EventRow]:
    """Gives a job's events with numbers above `after`, oldest first."""
    query = select(EventRow).where(EventRow.job_id == job_id, EventRow.seq > after)
    return session.scalars(query.order_by(EventRow.seq).limit(limit)).all()


def list_status_events(session: Session, job_ids: Iterable[str]) -> Sequence[EventRow]:
    """Gives the events of type status of several jobs, oldest first."""
    # Word for word as the index says it, which no parameter would do.
    query = select(EventRow).where(EventRow.job_id.in_(list(job_ids)), EventRow.type == literal_column("'status'"))
    return session.scalars(query.order_by(EventRow.job_id, EventRow.seq)).all()


def _rests_too_long(taker: Taker) -> ColumnElement[bool]:
    return JobRow.not_before > taker.now + taker.longest_rest


def _waiting_for(taker: Taker) -> list[ColumnElement[bool]]:
    asked = func.coalesce(JobRow.spec["device"].as_string(), "auto")
    is_open = asked == "auto"
    if taker.leaves_for is not None:
        meant = func.coalesce(JobRow.resolved["device"].as_string(), taker.kind)
        was_left = JobRow.not_before < taker.now - taker.leaves_for
        is_open = and_(is_open, or_(meant.startswith(taker.kind), was_left))
    return [JobRow.status == "queued", or_(asked == taker.device, is_open)]


def _add_events(session: Session, job_id: str, first: int, events: Sequence[Event]) -> None:
    if not events:
        return
    at = database_now(session)
    rows = [
        {"job_id": job_id, "seq": first + place, "at": at, "type": kind, "data": data}
        for place, (kind, data) in enumerate(events)
    ]
    session.execute(insert(EventRow), rows)
