"""How a worker lets a job go: with a result, with a reason, or back to the queue; all under the token of its claim.

Each function is one transaction and commits it; under a token that is no longer the job's it raises `LeaseLost`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.domain.checkpoints import free_bytes, thin_checkpoints
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.leases import Hold, LeaseLost, locked, write
from service.domain.models import lineage_of, publish_version, result_of
from service.domain.states import TERMINAL, Status, next_status
from service.domain.trained_model import TrainedModel
from service.store.blobs import keep_blob, put_blob
from service.store.engine import database_now
from service.store.jobs import Event
from service.store.tables import JobRow


def finish_with_model(session: Session, hold: Hold, trained: TrainedModel, reason: str | None = None) -> str:
    """Publishes the model and ends the job in one transaction; gives the job's final state.

    A cancel that came first wins: then nothing is published.

    Raises:
        LeaseLost: nothing is published.
    """
    blob, split = put_blob(session, trained.model), put_blob(session, trained.split)
    session.commit()
    row = locked(session, hold)
    if next_status("succeed", row.status) is None:
        return _end(session, hold, "cancelled", "user_cancelled")
    keep_blob(session, blob, trained.model)
    keep_blob(session, split, trained.split)
    version = publish_version(
        session,
        model_name=str(row.model_name),
        blob_sha256=blob,
        split_sha256=split,
        signature=trained.signature,
        metrics=trained.metrics,
        training={
            "seconds": trained.train_seconds,
            "outcome": trained.outcome,
            "resolved": row.resolved,
            "term_means": trained.term_means,
            "residuals": trained.residuals,
        },
        job_id=row.id,
        dataset_id=row.dataset_id,
        seed=(row.resolved or {}).get("seed"),
        **lineage_of(session, row, trained.change),
    )
    return _end(session, hold, "succeeded", reason, {"result": result_of(version, trained)})


def finish_with_answer(session: Session, hold: Hold, answer: dict[str, Any], reason: str | None = None) -> str:
    """Ends a job that publishes nothing (a cancel that came first wins); gives its final state."""
    if next_status("succeed", locked(session, hold).status) is None:
        return _end(session, hold, "cancelled", "user_cancelled")
    return _end(session, hold, "succeeded", reason, {"result": answer})


def finish_failed(session: Session, hold: Hold, reason: str, message: str) -> str:
    """Ends a job that no further attempt can help; gives its final state (cancelled, if that was asked for)."""
    status = next_status("fail", locked(session, hold).status)
    if status == "cancelled":
        return _end(session, hold, "cancelled", "user_cancelled")
    return _end(session, hold, "failed", reason, {"error": {"code": reason, "message": message}})


def finish_stopped(session: Session, hold: Hold) -> str:
    """Ends a job whose cancel was asked for, or rests one whose pause was; gives its state."""
    row = locked(session, hold)
    if row.status == "cancelling":
        return _end(session, hold, "cancelled", "user_cancelled")
    return _release(session, row, attempt=0)


def hand_over(session: Session, hold: Hold, wait: timedelta = timedelta(0)) -> str:
    """Gives a job back to the queue, for any worker to take after `wait`; the attempt does not count."""
    return _release(session, locked(session, hold), attempt=0, wait=wait)


def lose_attempt(session: Session, hold: Hold, reason: str, message: str, backoff: Backoff) -> str:
    """Ends an attempt that broke: the job waits for its next one, or fails when it had its last."""
    return retry_or_fail(session, locked(session, hold), reason, message, backoff)


def retry_or_fail(session: Session, row: JobRow, reason: str, message: str, backoff: Backoff) -> str:
    """Takes a locked job from its worker after an attempt that broke; gives the job's state."""
    hold = Hold(row.id, row.token, str(row.worker_id))
    warning: Event = ("warning", {"code": reason, "message": message})
    if row.status == "running" and row.attempt >= row.max_attempts:
        text = f"{row.attempt} attempts in a row ended without a new checkpoint; the last: {message}"
        error = {"code": "max_attempts_exceeded", "message": text}
        return _end(session, hold, "failed", "max_attempts_exceeded", {"error": error}, [warning])
    if row.status == "cancelling":
        return _end(session, hold, "cancelled", "user_cancelled", {}, [warning])
    return _release(session, row, row.attempt, backoff.after(row.attempt), [warning])


def _release(
    session: Session, row: JobRow, attempt: int, wait: timedelta = timedelta(0), events: Sequence[Event] = ()
) -> str:
    """Takes the job from its worker: to the queue, or to where a pause or cancel leads."""
    status = next_status("requeue", row.status)
    hold = Hold(row.id, row.token, str(row.worker_id))
    if status is None:
        raise LeaseLost(row.id)
    if status in TERMINAL:
        return _end(session, hold, status, "user_cancelled", {}, events)
    values = {
        "status": status,
        # Who resumes a paused job wants it tried, however often it broke before.
        "attempt": 0 if status == "paused" else attempt,
        "worker_id": None,
        "lease_until": None,
        "not_before": database_now(session) + wait,
    }
    write(session, hold, values, [*events, ("status", {"status": status})])
    session.commit()
    return status


def _end(
    session: Session,
    hold: Hold,
    status: Status,
    reason: str | None,
    values: dict[str, Any] | None = None,
    events: Sequence[Event] = (),
) -> str:
    ended = {"status": status, "reason": reason}
    final = {
        **(values or {}),
        **ended,
        "finished_at": database_now(session),
        "worker_id": None,
        "lease_until": None,
        "checkpoint_sha256": None,
    }
    # An ended job needs nothing to go on from.
    unused = [locked(session, hold).checkpoint_sha256]
    write(session, hold, final, [*events, ("status", ended), ("end", ended)])
    unused += thin_checkpoints(session, hold.job_id)
    session.commit()
    free_bytes(session, unused)
    return status
