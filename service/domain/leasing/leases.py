"""A worker's hold on a job: renewed, and a guard of all that the worker writes, by the token of its claim.

Each function is one transaction and commits it. A write under a token that is no longer the job's raises `LeaseLost`
and leaves nothing behind: a worker that slept past its lease can do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.domain.checkpoints import free_bytes
from service.domain.kept_moments import Moment, bytes_of, keep_moment
from service.domain.metric_series import shorten_series
from service.domain.states import HELD
from service.store import jobs as statements
from service.store.blobs import keep_blob, put_blob
from service.store.engine import database_now
from service.store.events import find_event
from service.store.jobs import Event
from service.store.tables import JobRow


class LeaseLost(Exception):
    """The job is held under another token, or by nobody: its former worker must stop and write nothing."""


@dataclass(frozen=True)
class Hold:
    """One claim of a job: the right to write to it for as long as the token is the job's."""

    job_id: str
    token: int
    worker_id: str


@dataclass
class Batch:
    """What a run told since the last write; written down once, however often that is tried.

    Attributes:
        events: (type, data), in order; as JSON knows them.
        progress: how far the run came; None = as before.
        last: the number that the last try gave the last event.
    """

    events: Sequence[Event]
    progress: dict[str, Any] | None = None
    last: int | None = None


def renew_lease(session: Session, hold: Hold, lease_seconds: float) -> None:
    """Holds the job for another `lease_seconds` from now.

    Raises:
        LeaseLost: another worker has the job, or nobody.
    """
    until = database_now(session) + timedelta(seconds=lease_seconds)
    write(session, hold, {"lease_until": until})
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


def record_progress(session: Session, hold: Hold, batch: Batch, max_metric_points: int) -> None:
    """Appends to the job's log and shows how far it came; a metric series that grows too long is thinned.

    A batch that is written already (its transaction went through, only the answer was lost) is left as it is.

    Raises:
        LeaseLost: nothing is written.
    """
    if _is_written(session, hold, batch):
        return
    values: dict[str, Any] = {}
    if batch.progress is not None:
        values["progress"] = batch.progress
    stages = [data.get("name") for kind, data in batch.events if kind == "stage" and data.get("name")]
    if stages:
        values["phase"] = stages[-1]
    batch.last = write(session, hold, values, batch.events)
    if any(kind == "metric" for kind, _ in batch.events):
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
    before = locked(session, hold).checkpoint_sha256
    if before == sha256:
        session.rollback()
        return sha256
    # Again: another job with the same bytes may have ended, and let them go, before this one referred to them.
    keep_blob(session, sha256, content)
    data = {**info, "sha256": sha256, "bytes": len(content)}
    values = {"checkpoint_sha256": sha256, "checkpoint_info": data, "attempt": 0}
    write(session, hold, values, [("checkpoint", data)])
    if moment is not None and kept is not None:
        keep_moment(session, hold.job_id, moment, kept)
    session.commit()
    free_bytes(session, [before])
    return sha256


def locked(session: Session, hold: Hold) -> JobRow:
    """Gives the held job, which nobody else changes before this transaction ends.

    Raises:
        LeaseLost: another worker has the job, or nobody; the transaction is over.
    """
    row = statements.lock_job(session, hold.job_id)
    if row is None or row.token != hold.token or row.status not in HELD:
        session.rollback()
        raise LeaseLost(hold.job_id)
    return row


def write(session: Session, hold: Hold, values: dict[str, Any], events: Sequence[Event] = ()) -> int:
    """Changes the held job and appends to its log, whose last number it gives; the caller commits.

    Raises:
        LeaseLost: another worker has the job, or nobody; the transaction is over.
    """
    last = statements.change_job(session, hold.job_id, sources=HELD, values=values, events=events, token=hold.token)
    if last is None:
        session.rollback()
        raise LeaseLost(hold.job_id)
    return last


def _is_written(session: Session, hold: Hold, batch: Batch) -> bool:
    # By its words too: where the last try left nothing, its number may have gone to somebody's verb.
    row = None if batch.last is None else find_event(session, hold.job_id, batch.last)
    return row is not None and bool(batch.events) and (row.type, row.data) == tuple(batch.events[-1])
