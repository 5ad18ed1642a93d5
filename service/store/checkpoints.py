"""Every SQL statement about the checkpoints that stay; never commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.store.tables import CheckpointRow


def list_checkpoints(session: Session, job_id: str) -> Sequence[CheckpointRow]:
    """Gives a job's checkpoints, oldest first."""
    found = select(CheckpointRow).where(CheckpointRow.job_id == job_id).order_by(CheckpointRow.number)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def find_checkpoint(session: Session, job_id: str, number: int, *, lock: bool = False) -> CheckpointRow | None:
    """Gives one checkpoint; with a lock its bytes stay until the transaction ends."""
    key = (job_id, number)
    return session.get(CheckpointRow, key, populate_existing=True, with_for_update={"read": True} if lock else None)


def release_bytes(session: Session, job_id: str, numbers: Collection[int]) -> None:
    """Lets the bytes of some checkpoints go; what is known of them stays."""
    released = update(CheckpointRow).where(CheckpointRow.job_id == job_id, CheckpointRow.number.in_(numbers))
    session.execute(released.values(blob_sha256=None).execution_options(synchronize_session=False))
