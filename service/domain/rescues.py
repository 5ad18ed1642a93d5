"""Jobs whose worker is gone go back to the queue, or end; any worker may see to it, several at once too."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.domain.backoff import Backoff
from service.domain.leases import retry_or_fail
from service.domain.states import HELD
from service.store import jobs as statements
from service.store.engine import database_now
from service.store.tables import JobRow


def rescue_jobs(session: Session, backoff: Backoff, dead_worker_id: str | None = None) -> list[tuple[str, str]]:
    """Takes the jobs back whose lease has ended, or all of a worker known to be dead; gives (job id, new state)s.

    Any worker may do it, several at once too: each job is taken back by compare-and-set, in a transaction of its own.
    """
    lost = statements.list_lost_jobs(session, database_now(session), HELD, dead_worker_id)
    found = [(row.id, row.token) for row in lost]
    session.rollback()
    rescued = []
    for job_id, token in found:
        row = statements.lock_job(session, job_id)
        if row is None or row.token != token or row.status not in HELD or not _is_lost(session, row, dead_worker_id):
            # Its worker woke up in time, or somebody else was quicker.
            session.rollback()
            continue
        status = retry_or_fail(session, row, "worker_lost", "the worker that held the job is gone", backoff)
        rescued.append((job_id, status))
    return rescued


def _is_lost(session: Session, row: JobRow, dead_worker_id: str | None) -> bool:
    if dead_worker_id is not None:
        return row.worker_id == dead_worker_id
    return row.lease_until is None or row.lease_until < database_now(session)
