"""A worker takes its next job from the queue, under a token that nobody had before."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from service.domain.leasing.leases import Hold
from service.domain.leasing.placement import taker
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.tables import JobRow
from service.store.workers import note_job


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
