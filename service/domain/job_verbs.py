"""What people ask of a job that exists already: a step of the table in `states`, by compare-and-set. Each commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from service.domain.checkpoints import free_bytes, thin_checkpoints
from service.domain.errors import Fault, IllegalJobStep, InvalidSpec, JobNotFound
from service.domain.idempotency import Answer, RequestKey
from service.domain.ids import is_id
from service.domain.jobs import PREFIX, JobView, get_job, submit_draft
from service.domain.specs.job_specs import JobDraft
from service.domain.states import RETRIABLE, TERMINAL, Status, Verb, next_status
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.tables import JobRow

_CANCELLED = "user_cancelled"


def cancel_job(session: Session, job_id: str) -> JobView:
    """Takes a job from the queue, or asks its worker to stop at once; a second time changes nothing.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has ended already, and not by a cancel.
    """
    return _step(session, job_id, "cancel", "be cancelled")


def pause_job(session: Session, job_id: str) -> JobView:
    """Takes a job from the queue, or asks its worker to write a checkpoint and rest; a second time changes nothing.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has ended, or is about to be cancelled.
    """
    return _step(session, job_id, "pause", "be paused")


def resume_job(session: Session, job_id: str) -> JobView:
    """Puts a paused job back into the queue, or takes back a pause that is not done yet; else changes nothing.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has ended, or is about to be cancelled.
    """
    return _step(session, job_id, "resume", "be resumed")


def retry_job(
    session: Session,
    job_id: str,
    *,
    max_queue: int,
    max_attempts: int,
    answer_of: Callable[[JobView], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Submits a job again that failed or was cancelled: a new one, from the start, with the same resolved spec.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has not ended, or succeeded.
        InvalidSpec: its data set was deleted.
        TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """

    def draft() -> JobDraft:
        row = locked_job(session, job_id)
        if row.status not in RETRIABLE:
            raise IllegalJobStep(job_id, row.status, "be tried again")
        return _same_again(row)

    return submit_draft(
        session, draft, max_queue=max_queue, max_attempts=max_attempts, answer_of=answer_of, request=request
    )


def locked_job(session: Session, job_id: str) -> JobRow:
    """Gives a job that nobody else changes before this transaction ends.

    Raises:
        JobNotFound: no such job.
    """
    row = statements.lock_job(session, job_id) if is_id(PREFIX, job_id) else None
    if row is None:
        raise JobNotFound(job_id)
    return row


def _step(session: Session, job_id: str, verb: Verb, told: str) -> JobView:
    row = locked_job(session, job_id)
    target = next_status(verb, row.status)
    if target is None:
        raise IllegalJobStep(job_id, row.status, told)
    unused = _change(session, row, target) if target != row.status else []
    session.commit()
    free_bytes(session, unused)
    return get_job(session, job_id)


def _change(session: Session, row: JobRow, target: Status) -> list[str | None]:
    """Takes the step, and tells the log; gives the hashes of bytes that are not needed any more."""
    told = {"status": target, **({"reason": _CANCELLED} if target in ("cancelling", "cancelled") else {})}
    values: dict[str, Any] = {**told}
    events: list[statements.Event] = [("status", told)]
    unused: list[str | None] = []
    now = database_now(session)
    if target in TERMINAL:
        values |= {"finished_at": now, "checkpoint_sha256": None}
        events.append(("end", told))
        unused = [row.checkpoint_sha256, *thin_checkpoints(session, row.id)]
    elif target == "paused":
        values["attempt"] = 0
    elif target == "queued":
        # The wait after a lost attempt does not hold up somebody who asks for the next one.
        values["not_before"] = now
    statements.change_job(session, row.id, sources=[row.status], values=values, events=events)
    return unused


def _same_again(row: JobRow) -> JobDraft:
    if row.dataset_id is None:
        message = "the data set of the job was deleted"
        raise InvalidSpec(message, [Fault("/dataset", "unknown_dataset", message)])
    return JobDraft(
        kind=row.kind,
        spec=row.spec,
        resolved=dict(row.resolved or {}),
        dataset_id=row.dataset_id,
        model_name=row.model_name,
        max_runtime_s=row.max_runtime_s,
        priority=row.priority,
        labels=row.labels,
        retry_of=row.id,
    )
