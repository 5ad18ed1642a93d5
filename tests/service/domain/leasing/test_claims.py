"""Who takes which job when, whatever the clock does and whether or not an answer is lost, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs
from service.domain.leasing import claims, endings, placement
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.placement import taker
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.store.jobs import next_job_due
from tests.service.domain.leasing.test_leases import NO_WAIT, claim, queue_job, row_of

LONGEST_REST_SECONDS = 60.0
START = datetime(2100, 1, 1, tzinfo=UTC)


def may_be_claimed(session: Session) -> bool:
    """Asks as an idle worker does: first whether there is a job, then for it."""
    asking = taker(session, "wk_b", "cpu", 30.0, LONGEST_REST_SECONDS)
    due = next_job_due(session, asking)
    is_due = due is not None and due <= asking.now
    found = claims.claim_next_job(session, "wk_b", 30.0, longest_rest_seconds=LONGEST_REST_SECONDS)
    assert is_due == (found is not None)
    return is_due


class Clock:
    """The database's clock as the domain reads it."""

    def __init__(self) -> None:
        self.time = START

    def now(self, session: Session) -> datetime:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (endings, job_verbs, jobs, placement):
        monkeypatch.setattr(module, "database_now", clock.now)
    return clock


def test_claim_takes_priority_then_age_and_each_job_once(session: Session) -> None:
    old, young, urgent = queue_job(session), queue_job(session), queue_job(session, priority=5)
    assert [claim(session).job_id for _ in range(3)] == [urgent, old, young]
    assert claims.claim_next_job(session, "wk_a", 30.0) is None


@pytest.mark.parametrize("way", ["submit", "resume", "hand over", "rescue"])
def test_job_queued_while_the_clock_was_an_hour_ahead_is_claimed_when_it_is_right_again(
    session: Session, clock: Clock, way: str
) -> None:
    clock.time = START + timedelta(hours=1)
    job_id = queue_job(session)
    if way == "resume":
        job_verbs.pause_job(session, job_id)
        job_verbs.resume_job(session, job_id)
    elif way == "hand over":
        endings.hand_over(session, claim(session))
    elif way == "rescue":
        claim(session)
        rescue_jobs(session, NO_WAIT, held_leases(session))
    assert row_of(session, job_id).status == "queued"
    clock.time = START
    assert may_be_claimed(session)


def test_job_between_two_attempts_rests_as_long_as_it_is_to(session: Session, clock: Clock) -> None:
    queue_job(session)
    endings.lose_attempt(session, claim(session), "worker_lost", "gone", Backoff(60.0, LONGEST_REST_SECONDS, 0.999))
    clock.time = START + timedelta(seconds=59)
    assert not may_be_claimed(session)
    clock.time = START + timedelta(seconds=60)
    assert may_be_claimed(session)


def test_what_a_worker_holds_without_knowing_it_goes_back_without_a_loss(session: Session) -> None:
    mine, ending, other = queue_job(session), queue_job(session), queue_job(session)
    claim(session)
    claim(session)
    assert claims.claim_next_job(session, "wk_b", 30.0) is not None
    job_verbs.cancel_job(session, ending)
    claims.give_back(session, "wk_a")
    assert [row_of(session, each).status for each in (mine, ending, other)] == ["queued", "cancelled", "running"]
    assert row_of(session, mine).attempt == 0
