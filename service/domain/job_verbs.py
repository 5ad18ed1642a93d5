"""What people ask of a job that exists already: a step of the table in `states`, by compare-and-set."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service.domain.checkpoints import thin_checkpoints
from service.domain.errors import IllegalJobStep, JobNotFound
from service.domain.ids import is_id
from service.domain.jobs import PREFIX, JobView, get_job
from service.domain.states import TERMINAL, next_status
from service.store import jobs as statements
from service.store.engine import database_now


def cancel_job(session: Session, job_id: str) -> JobView:
    """Takes a job from the queue, or asks its worker to stop; a second time changes nothing. Commits.

    Raises:
        JobNotFound: no such job.
        IllegalJobStep: it has ended already, and not by a cancel.
    """
    row = statements.lock_job(session, job_id) if is_id(PREFIX, job_id) else None
    if row is None:
        raise JobNotFound(job_id)
    target = next_status("cancel", row.status)
    if target is None:
        raise IllegalJobStep(job_id, row.status, "be cancelled")
    if target != row.status:
        values: dict[str, Any] = {"status": target, "reason": "user_cancelled"}
        events: list[statements.Event] = [("status", {"status": target, "reason": "user_cancelled"})]
        if target in TERMINAL:
            values |= {"finished_at": database_now(session), "checkpoint_sha256": None}
            thin_checkpoints(session, job_id)
            events.append(("end", {"status": target, "reason": "user_cancelled"}))
        statements.change_job(session, job_id, sources=[row.status], values=values, events=events)
    session.commit()
    return get_job(session, job_id)
