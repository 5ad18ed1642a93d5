"""Checkpoints that stay: which of the networks that a training came by are kept, and how they are looked up.

What a job goes on from after a break is another thing (`jobs.checkpoint_sha256`): no model, and gone when the job ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.domain.errors import CheckpointGone, CheckpointNotFound, JobNotFound, StoredDataDamaged
from service.domain.ids import is_id
from service.domain.trained_model import TrainingMoment
from service.store import checkpoints as statements
from service.store.blobs import BlobDamaged, free_blobs, get_blob
from service.store.engine import database_now
from service.store.jobs import find_job
from service.store.tables import CheckpointRow

Role = Literal["first", "stage_end", "best", "last"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint and what it is kept for; nothing keeps one that was thinned out."""

    row: CheckpointRow
    kept_for: tuple[Role, ...]


def add_checkpoint(session: Session, job_id: str, moment: TrainingMoment, blob_sha256: str) -> None:
    """Adds the job's next checkpoint; the caller, who holds the job, commits.

    In the middle of a stage only a network that differs from the one before is worth a row.
    """
    before = statements.list_checkpoints(session, job_id)
    if not moment.stage_ended and before and before[-1].blob_sha256 == blob_sha256:
        return
    row = CheckpointRow(
        job_id=job_id,
        number=len(before) + 1,
        stage=moment.stage,
        stage_name=moment.stage_name,
        stage_ended=moment.stage_ended,
        step=moment.step,
        train_loss=moment.train_loss,
        validation_loss=moment.validation_loss,
        blob_sha256=blob_sha256,
        bytes=len(moment.model),
        created_at=database_now(session),
    )
    session.add(row)
    session.flush()


def thin_checkpoints(session: Session, job_id: str) -> list[str]:
    """Lets the bytes go of all but those that have a role, as the job ends; gives their hashes. The caller commits."""
    rows = [each.row for each in with_roles(statements.list_checkpoints(session, job_id)) if not each.kept_for]
    hashes = [row.blob_sha256 for row in rows if row.blob_sha256 is not None]
    if rows:
        statements.release_bytes(session, job_id, [row.number for row in rows])
    return hashes


def free_bytes(session: Session, hashes: Iterable[str | None]) -> None:
    """Deletes the bytes of checkpoints that nothing refers to any more, at once, and commits.

    It is safe at once, unlike for other bytes: who writes a checkpoint ahead makes sure of its bytes in the transaction
    that refers to them. What cannot be deleted now is left to the sweep.
    """
    try:
        free_blobs(session, [sha256 for sha256 in hashes if sha256 is not None])
        session.commit()
    except SQLAlchemyError:
        session.rollback()


def list_checkpoints(session: Session, job_id: str) -> list[Checkpoint]:
    """Gives a job's checkpoints, oldest first, also those that were thinned out.

    Raises:
        JobNotFound: no such job.
    """
    if not is_id("job", job_id) or find_job(session, job_id) is None:
        raise JobNotFound(job_id)
    return with_roles(statements.list_checkpoints(session, job_id))


def get_checkpoint(session: Session, job_id: str, number: str) -> Checkpoint:
    """Gives one checkpoint of a job.

    Raises:
        JobNotFound: no such job.
        CheckpointNotFound: it has none with this number.
    """
    found = {str(each.row.number): each for each in list_checkpoints(session, job_id)}
    if number not in found:
        raise CheckpointNotFound(number)
    return found[number]


def model_bytes(session: Session, row: CheckpointRow) -> bytes:
    """Gives a checkpoint's network as the bytes of a model.

    Raises:
        CheckpointGone: they are not kept any more.
        StoredDataDamaged: they are not those that were stored.
    """
    if row.blob_sha256 is None:
        raise CheckpointGone(str(row.number))
    try:
        return get_blob(session, row.blob_sha256)
    except BlobDamaged:
        raise StoredDataDamaged("checkpoint") from None


def with_roles(rows: Sequence[CheckpointRow]) -> list[Checkpoint]:
    """Says of each checkpoint of a job what it is kept for.

    Args:
        rows: all of them, oldest first. Of equal validation losses the later one is the best: a refit has learnt from
            more rows and keeps the loss of the network before it.
    """
    judged = [row for row in reversed(rows) if row.validation_loss is not None]
    best = min(judged, key=lambda row: row.validation_loss or 0.0, default=None)
    found = []
    for row in rows:
        holds: dict[Role, bool] = {
            "first": row is rows[0],
            "stage_end": row.stage_ended,
            "best": row is best,
            "last": row is rows[-1],
        }
        found.append(Checkpoint(row, tuple(role for role, held in holds.items() if held)))
    return found
