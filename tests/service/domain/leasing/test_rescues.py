"""Jobs of workers that are gone are taken back, those of live workers are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs
from service.domain.leasing import claims, endings, leases, placement, rescues
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.leases import Batch, Hold, LeaseLost
from service.domain.leasing.rescues import held_leases, lost_leases, rescue_jobs
from service.domain.leasing.watch import LeaseWatch
from service.domain.specs.job_specs import JobDraft
from service.store.engine import database_now
from service.store.tables import JobRow

NO_WAIT = Backoff(0.0, 0.0, 0.0)


def queue_job(session: Session) -> str:
    draft = JobDraft("train", {}, {"seed": 7}, None, "toy", 60, 0, {})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=3)
    session.commit()
    return row.id


def claim(session: Session) -> Hold:
    found = claims.claim_next_job(session, "wk_a", 30.0)
    assert found is not None
    return found[0]


def end_lease(session: Session, hold: Hold) -> None:
    past = database_now(session) - timedelta(seconds=1)
    session.execute(update(JobRow).where(JobRow.id == hold.job_id).values(lease_until=past))
    session.commit()


def test_rescue_leaves_a_lease_alone_that_was_renewed_meanwhile(session: Session) -> None:
    queue_job(session)
    hold = claim(session)
    end_lease(session, hold)
    seen = held_leases(session)
    leases.renew_lease(session, hold, 30.0)
    assert rescue_jobs(session, NO_WAIT, seen) == []
    leases.renew_lease(session, hold, 30.0)


def test_two_rescuers_take_a_job_back_once(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    seen = held_leases(session)
    assert rescue_jobs(session, NO_WAIT, seen) == [(job_id, "queued")]
    assert rescue_jobs(session, NO_WAIT, seen) == []


def test_leases_of_one_worker_are_told_from_others(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    assert held_leases(session, "wk_b") == []
    assert [lease.job_id for lease in held_leases(session, "wk_a")] == [job_id]


def test_rescue_of_cancelling_job_ends_it(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    job_verbs.cancel_job(session, job_id)
    assert rescue_jobs(session, NO_WAIT, held_leases(session)) == [(job_id, "cancelled")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The database's clock as the domain reads it, to be set forward and back."""
    clock = Clock()
    for module in (endings, leases, placement, rescues):
        monkeypatch.setattr(module, "database_now", clock.now)
    return clock


class Clock:
    """Time passes as it is told; `wrong` is by how much the clock is off."""

    def __init__(self) -> None:
        self.steady_seconds = 0.0
        self.wrong = timedelta(0)

    def now(self, session: Session) -> datetime:
        return datetime(2100, 1, 1, tzinfo=UTC) + timedelta(seconds=self.steady_seconds) + self.wrong


def test_clock_that_jumps_an_hour_forth_and_back_steals_no_job_from_its_worker(session: Session, clock: Clock) -> None:
    queue_job(session)
    hold, watch = leases_of_a_running_job(session, clock)
    for second in range(2, 240, 2):
        clock.steady_seconds = second
        clock.wrong = timedelta(hours=1) if 61 <= second < 133 else timedelta(0)
        if second % 5 == 0:
            leases.renew_lease(session, hold, 30.0)
        assert lost_leases(session, watch, clock.steady_seconds) == []
    leases.record_progress(session, hold, Batch([], {"step": 1}), 1000)


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_dead_workers_job_is_taken_back_within_a_lease_though_the_clock_jumps(
    session: Session, clock: Clock, jump: timedelta
) -> None:
    job_id = queue_job(session)
    hold, watch = leases_of_a_running_job(session, clock)
    clock.wrong, clock.steady_seconds = jump, 30.0
    lost = lost_leases(session, watch, clock.steady_seconds)
    assert rescue_jobs(session, NO_WAIT, lost) == [(job_id, "queued")]
    with pytest.raises(LeaseLost):
        leases.renew_lease(session, hold, 30.0)


def leases_of_a_running_job(session: Session, clock: Clock) -> tuple[Hold, LeaseWatch]:
    """Gives a fresh claim, and a watch that has seen it."""
    found = claims.claim_next_job(session, "wk_a", 30.0)
    assert found is not None
    watch = LeaseWatch(lease_seconds=30.0, heartbeat_seconds=5.0, look_seconds=30.0)
    assert lost_leases(session, watch, clock.steady_seconds) == []
    return found[0], watch
