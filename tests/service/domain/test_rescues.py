"""Jobs of workers that are gone are taken back, those of live workers are left alone."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs, leases
from service.domain.backoff import Backoff
from service.domain.job_specs import JobDraft
from service.domain.leases import Hold
from service.domain.rescues import rescue_jobs
from service.store.engine import database_now
from service.store.tables import JobRow

NO_WAIT = Backoff(0.0, 0.0, 0.0)


def queue_job(session: Session) -> str:
    draft = JobDraft("train", {}, {"seed": 7}, None, "toy", 60, 0, {})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=3)
    session.commit()
    return row.id


def claim(session: Session) -> Hold:
    found = leases.claim_next_job(session, "wk_a", 30.0)
    assert found is not None
    return found[0]


def end_lease(session: Session, hold: Hold) -> None:
    past = database_now(session) - timedelta(seconds=1)
    session.execute(update(JobRow).where(JobRow.id == hold.job_id).values(lease_until=past))
    session.commit()


def test_rescue_leaves_live_leases_alone(session: Session) -> None:
    queue_job(session)
    claim(session)
    assert rescue_jobs(session, NO_WAIT) == []


def test_rescue_of_dead_worker_does_not_wait_for_the_lease(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    assert rescue_jobs(session, NO_WAIT, "wk_b") == []
    assert rescue_jobs(session, NO_WAIT, "wk_a") == [(job_id, "queued")]


def test_rescue_of_cancelling_job_ends_it(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    job_verbs.cancel_job(session, job_id)
    end_lease(session, hold)
    assert rescue_jobs(session, NO_WAIT) == [(job_id, "cancelled")]
