"""A worker's hold on a job: claim, renew, write, give back; every write is guarded by the claim's token.

Each function is one transaction and commits it. A write under a token that is no longer the job's raises `LeaseLost`
and leaves nothing behind: a worker that slept past its lease can do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.domain.checkpoints import free_bytes, thin_checkpoints
from service.domain.kept_moments import Moment, bytes_of, keep_moment
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.placement import taker
from service.domain.metric_series import shorten_series
from service.domain.models import lineage_of, publish_version, result_of
from service.domain.states import HELD, TERMINAL, Status, next_status
from service.domain.trained_model import TrainedModel
from service.store import jobs as statements
from service.store.blobs import keep_blob, put_blob
from service.store.engine import database_now
from service.store.jobs import Event
from service.store.tables import JobRow
from service.store.workers import note_job


class LeaseLost(Exception):
    """The job is held under another token, or by nobody: its former worker must stop and write nothing."""


@dataclass(frozen=True)
class Hold:
    """One claim of a job: the right to write to it for as long as the token is the job's."""

    job_id: str
    token: int
    worker_id: str


def claim_next_job(
    session: Session, worker_id: str, lease_seconds: float, device: str = "cpu"
) -> tuple[Hold, JobRow] | None:
    """Takes the next job of the queue that is for a worker on this device, None where there is none."""
    now = database_now(session)
    row = statements.lock_next_job(session, now, taker(session, worker_id, device, lease_seconds))
    if row is None:
        session.rollback()
        return None
    attempt, token = row.attempt + 1, row.token + 1
    values = {
        "status": "running",
        "reason": None,
        "attempt": attempt,
        "token": token,
        "worker_id": worker_id,
        "lease_until": now + timedelta(seconds=lease_seconds),
        "started_at": row.started_at or now,
        "device": device,
        "resolved": {**(row.resolved or {}), "device": device},
    }
    event = ("status", {"status": "running", "attempt": attempt, "worker": worker_id, "device": device})
    statements.change_job(session, row.id, sources=["queued"], values=values, events=[event], token=row.token)
    claimed = statements.find_job(session, row.id)
    note_job(session, worker_id, row.id)
    session.commit()
    if claimed is None:
        return None
    return Hold(claimed.id, token, worker_id), claimed


def renew_lease(session: Session, hold: Hold, lease_seconds: float) -> None:
    """Holds the job for another `lease_seconds` from now.

    Raises:
        LeaseLost: another worker has the job, or nobody.
    """
    until = database_now(session) + timedelta(seconds=lease_seconds)
    _write(session, hold, {"lease_until": until})
    session.commit()


def held_status(session: Session, hold: Hold) -> str:
    """Gives the state of the held job: "cancelling" and "pausing" ask its worker to stop.

    Raises:
        LeaseLost: another worker has the job, or nobody.
    """
    row = statements.find_job(session, hold.job_id)
    if row is None or row.token != hold.token or row.status not in HELD:
        raise LeaseLost(hold.job_id)
    return row.status


def record_progress(
    session: Session, hold: Hold, events: Sequence[Event], progress: dict[str, Any] | None, max_metric_points: int
) -> None:
    """Appends to the job's log and shows how far it came; a metric series that grows too long is thinned.

    Raises:
        LeaseLost: nothing is written.
    """
    values: dict[str, Any] = {}
    if progress is not None:
        values["progress"] = progress
    stages = [data.get("name") for kind, data in events if kind == "stage" and data.get("name")]
    if stages:
        values["phase"] = stages[-1]
    _write(session, hold, values, events)
    if any(kind == "metric" for kind, _ in events):
        shorten_series(session, hold.job_id, max_metric_points)
    session.commit()


def record_checkpoint(
    session: Session, hold: Hold, content: bytes, info: dict[str, Any], moment: Moment | None = None
) -> str:
    """Keeps a checkpoint to go on from; `attempt` starts again, unless the checkpoint is the one that is there.

    With a moment of the training its model stays beyond the job's end, and so does a part of the answers. All bytes
    are written ahead, in a transaction of their own; those of the checkpoint before go.

    Raises:
        LeaseLost: the references are not written; the bytes are swept later.
    """
    sha256 = put_blob(session, content)
    kept = None if moment is None else put_blob(session, bytes_of(moment))
    session.commit()
    before = _locked(session, hold).checkpoint_sha256
    if before == sha256:
        session.rollback()
        return sha256
    # Again: another job with the same bytes may have ended, and let them go, before this one referred to them.
    keep_blob(session, sha256, content)
    data = {**info, "sha256": sha256, "bytes": len(content)}
    values = {"checkpoint_sha256": sha256, "checkpoint_info": data, "attempt": 0}
    _write(session, hold, values, [("checkpoint", data)])
    if moment is not None and kept is not None:
        keep_moment(session, hold.job_id, moment, kept)
    session.commit()
    free_bytes(session, [before])
    return sha256


def finish_with_model(session: Session, hold: Hold, trained: TrainedModel, reason: str | None = None) -> str:
    """Publishes the model and ends the job in one transaction; gives the job's final state.

    A cancel that came first wins: then nothing is published.

    Raises:
        LeaseLost: nothing is published.
    """
    blob, split = put_blob(session, trained.model), put_blob(session, trained.split)
    session.commit()
    row = _locked(session, hold)
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
    if next_status("succeed", _locked(session, hold).status) is None:
        return _end(session, hold, "cancelled", "user_cancelled")
    return _end(session, hold, "succeeded", reason, {"result": answer})


def finish_failed(session: Session, hold: Hold, reason: str, message: str) -> str:
    """Ends a job that no further attempt can help; gives its final state (cancelled, if that was asked for)."""
    status = next_status("fail", _locked(session, hold).status)
    if status == "cancelled":
        return _end(session, hold, "cancelled", "user_cancelled")
    return _end(session, hold, "failed", reason, {"error": {"code": reason, "message": message}})


def finish_stopped(session: Session, hold: Hold) -> str:
    """Ends a job whose cancel was asked for, or rests one whose pause was; gives its state."""
    row = _locked(session, hold)
    if row.status == "cancelling":
        return _end(session, hold, "cancelled", "user_cancelled")
    return _release(session, row, attempt=0)


def hand_over(session: Session, hold: Hold, wait: timedelta = timedelta(0)) -> str:
    """Gives a job back to the queue, for any worker to take after `wait`; the attempt does not count."""
    return _release(session, _locked(session, hold), attempt=0, wait=wait)


def lose_attempt(session: Session, hold: Hold, reason: str, message: str, backoff: Backoff) -> str:
    """Ends an attempt that broke: the job waits for its next one, or fails when it had its last."""
    return retry_or_fail(session, _locked(session, hold), reason, message, backoff)


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


def _locked(session: Session, hold: Hold) -> JobRow:
    row = statements.lock_job(session, hold.job_id)
    if row is None or row.token != hold.token or row.status not in HELD:
        session.rollback()
        raise LeaseLost(hold.job_id)
    return row


def _write(session: Session, hold: Hold, values: dict[str, Any], events: Sequence[Event] = ()) -> None:
    written = statements.change_job(session, hold.job_id, sources=HELD, values=values, events=events, token=hold.token)
    if not written:
        session.rollback()
        raise LeaseLost(hold.job_id)


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
    _write(session, hold, values, [*events, ("status", {"status": status})])
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
    unused = [_locked(session, hold).checkpoint_sha256]
    _write(session, hold, final, [*events, ("status", ended), ("end", ended)])
    unused += thin_checkpoints(session, hold.job_id)
    session.commit()
    free_bytes(session, unused)
    return status
