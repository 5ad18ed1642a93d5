"""A worker takes its next job from the queue, under a token that nobody had before."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sqlalchemy.orm import Session

from service.domain.leasing.endings import hand_over
from service.domain.leasing.leases import Hold, LeaseLost
from service.domain.leasing.placement import taker
from service.domain.states import HELD
from service.store import jobs as statements
from service.store.tables import JobRow
from service.store.workers import note_job


def claim_next_job(
    session: Session,
    worker_id: str,
    lease_seconds: float,
    device: str = "cpu",
    longest_rest_seconds: float = 3600.0,
) -> tuple[Hold, JobRow] | None:
    """Takes the next job of the queue that is for a worker on this device, None where there is none; see `taker`."""
    asking = taker(session, worker_id, device, lease_seconds, longest_rest_seconds)
    row = statements.lock_next_job(session, asking)
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
        "lease_until": asking.now + timedelta(seconds=lease_seconds),
        "started_at": row.started_at or asking.now,
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


def give_back(session: Session, worker_id: str) -> None:
    """Hands over what a worker holds that runs nothing: it never learnt of the claim, or could not write its end."""
    for lease in statements.list_leases(session, HELD, worker_id):
        with suppress(LeaseLost):
            hand_over(session, Hold(lease.job_id, lease.token, worker_id))
