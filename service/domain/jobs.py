"""Jobs as people see them: submit, read, delete, and the log of what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.domain.bounded_lists import FirstPart, first_part
from service.domain.errors import IllegalJobStep, JobNotFound, TooManyJobs
from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.domain.ids import is_id, new_id
from service.domain.limits import Limits
from service.domain.specs.job_specs import JobDraft, dataset_of, resolve_job
from service.domain.states import TERMINAL
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.tables import EventRow, JobRow
from service.tracing import current_traceparent

PREFIX = "job"


@dataclass(frozen=True, eq=False)
class JobView:
    """A job with the states that it went through."""

    row: JobRow
    transitions: list[dict[str, Any]]

    @property
    def is_terminal(self) -> bool:
        """Has it ended for good?"""
        return self.row.status in TERMINAL


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list shows; an empty field lets all pass."""

    statuses: tuple[str, ...] = ()
    model_name: str | None = None
    dataset_id: str | None = None
    labels: Mapping[str, str] | None = None


def submit_job(
    session: Session,
    spec: Mapping[str, Any],
    limits: Limits,
    *,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
    lease_seconds: float = 30.0,
) -> Answer:
    """Checks and stores a job, its first event and its idempotency key in one transaction, and commits.

    Raises:
        InvalidSpec, TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    try:
        return submit_draft(
            session,
            lambda: resolve_job(session, spec, limits, lease_seconds),
            max_queue=limits.max_queue,
            max_attempts=max_attempts,
            answer_of=answer_of,
            request=request,
        )
    except IntegrityError:
        # The data set was deleted between the look at it and the insert that refers to it.
        session.rollback()
        dataset_of(session, spec)
        raise


def submit_draft(
    session: Session,
    make: Callable[[], JobDraft],
    *,
    max_queue: int,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores the job that `make` gives, its first event and its idempotency key in one transaction, and commits.

    Raises:
        TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    row = create_job(session, make(), max_queue=max_queue, max_attempts=max_attempts)
    answer = keep_answer(session, request, answer_of(get_job(session, row.id)))
    session.commit()
    return answer


def create_job(session: Session, draft: JobDraft, *, max_queue: int, max_attempts: int) -> JobRow:
    """Adds a queued job and the first events of its log; the caller commits.

    Raises:
        TooManyJobs: the queue is full.
    """
    if statements.count_jobs(session, ["queued"]) >= max_queue:
        raise TooManyJobs(max_queue)
    now = database_now(session)
    row = JobRow(
        id=new_id(PREFIX),
        kind=draft.kind,
        status="queued",
        attempt=0,
        max_attempts=max_attempts,
        retry_of=draft.retry_of,
        spec=draft.spec,
        resolved=draft.resolved,
        labels=draft.labels,
        priority=draft.priority,
        dataset_id=draft.dataset_id,
        model_name=draft.model_name,
        max_runtime_s=draft.max_runtime_s,
        created_at=now,
        not_before=now,
        token=0,
        traceparent=current_traceparent(),
    )
    warnings = [("warning", _warning(found)) for found in draft.resolved.get("warnings", ())]
    statements.add_job(session, row, [("status", _queued(row.traceparent)), *warnings])
    return row


def get_job(session: Session, job_id: str) -> JobView:
    """Gives a job.

    Raises:
        JobNotFound: no such job.
    """
    return _views(session, [_find(session, job_id)])[0]


def list_jobs(
    session: Session, limit: int, after: str | None = None, only: JobFilter | None = None
) -> FirstPart[JobView]:
    """Gives jobs, newest first, from below the id `after`."""
    only = only or JobFilter()
    with statements.list_jobs(
        session,
        limit + 1,
        after,
        statuses=only.statuses,
        model_name=only.model_name,
        dataset_id=only.dataset_id,
        labels=only.labels,
    ) as found:
        part = first_part(found, limit, lambda row: [row.spec, row.resolved, row.result, row.error])
    return FirstPart(_views(session, part.entries), part.more)


def delete_job(session: Session, job_id: str) -> None:
    """Deletes a job that has ended, with its log; the model it made stays. Commits.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has not ended.
    """
    row = _find(session, job_id)
    if not statements.delete_job(session, job_id, TERMINAL):
        raise IllegalJobStep(job_id, row.status, "be deleted")
    session.commit()


def list_events(session: Session, job_id: str, after: int, limit: int) -> Sequence[EventRow]:
    """Gives a job's events with numbers above `after`, oldest first.

    Raises:
        JobNotFound: no such job.
    """
    _find(session, job_id)
    return statements.list_events(session, job_id, after, limit)


def _find(session: Session, job_id: str) -> JobRow:
    row = statements.find_job(session, job_id) if is_id(PREFIX, job_id) else None
    if row is None:
        raise JobNotFound(job_id)
    return row


def _views(session: Session, rows: Sequence[JobRow]) -> list[JobView]:
    transitions: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for event in statements.list_status_events(session, transitions):
        transitions[event.job_id].append({"status": event.data["status"], "at": event.at})
    return [JobView(row, transitions[row.id]) for row in rows]


def _queued(traceparent: str | None) -> dict[str, Any]:
    return {"status": "queued"} if traceparent is None else {"status": "queued", "traceparent": traceparent}


def _warning(found: object) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {"message": str(found)}
