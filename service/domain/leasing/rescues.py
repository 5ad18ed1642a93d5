"""Jobs whose worker is gone go back to the queue, or end; any worker may see to it, several at once too."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.domain.leasing.backoff import Backoff
from service.domain.leasing.endings import retry_or_fail
from service.domain.leasing.watch import LeaseWatch
from service.domain.states import HELD
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.job_counts import LEASE_LOSSES, count_up
from service.store.jobs import Lease


def lost_leases(session: Session, watch: LeaseWatch, steady_seconds: float) -> list[Lease]:
    """Gives the leases that are lost, as `watch` has seen them."""
    return watch.lost(held_leases(session), database_now(session), steady_seconds)


def held_leases(session: Session, worker_id: str | None = None) -> list[Lease]:
    """Gives the leases of all workers, or of one."""
    return statements.list_leases(session, HELD, worker_id)


def rescue_jobs(session: Session, backoff: Backoff, lost: Sequence[Lease]) -> list[tuple[str, str]]:
    """Takes the jobs back whose lease is lost; gives (job id, new state)s.

    Any worker may do it, several at once too: each job is taken back by compare-and-set, in a transaction of its own.
    """
    session.rollback()
    rescued = []
    for lease in lost:
        row = statements.lock_job(session, lease.job_id)
        if row is None or (row.token, row.lease_until) != (lease.token, lease.until) or row.status not in HELD:
            # Its worker woke up in time, or somebody else was quicker.
            session.rollback()
            continue
        count_up(session, LEASE_LOSSES)
        status = retry_or_fail(session, row, "worker_lost", "the worker that held the job is gone", backoff)
        rescued.append((lease.job_id, status))
    return rescued
