"""The queue as numbers, and each job that ends counted once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.domain.ids import new_id
from service.domain.job_counts import LOOK_SECONDS, JobCounts
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.store.engine import database_now, reading_session_factory
from service.store.tables import JobRow


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts(engine: Engine, clock: Clock) -> JobCounts:
    return JobCounts(reading_session_factory(engine), 30.0, clock)


def add_job(session: Session, status: str, due: timedelta = timedelta(0), **facts: object) -> JobRow:
    now = database_now(session)
    given = {"attempt": 1, "max_attempts": 3, "spec": {}, "labels": {}, "priority": 0, "max_runtime_s": 60}
    row = JobRow(
        id=new_id("job"),
        kind="train",
        status=status,
        created_at=now,
        not_before=now + due,
        token=1,
        event_seq=0,
        **given,
        **facts,
    )
    session.add(row)
    session.commit()
    return row


def end(session: Session, row: JobRow, status: str, seconds: float) -> None:
    row.status, row.started_at = status, database_now(session) - timedelta(seconds=seconds)
    row.finished_at = database_now(session)
    session.commit()


def ends(counts: JobCounts) -> dict[tuple[str, str], int]:
    return {key: found.cumulative()[-1][1] for key, found in counts.snapshot().durations.items()}


def test_live_jobs_are_counted_and_the_oldest_has_its_age(counts: JobCounts, session: Session) -> None:
    add_job(session, "queued", timedelta(seconds=-90))
    add_job(session, "queued")
    add_job(session, "paused", timedelta(seconds=-900))
    end(session, add_job(session, "running"), "succeeded", 3)
    found = counts.snapshot()
    assert found.live == {("train", "queued"): 2, ("train", "paused"): 1}
    assert 90 <= found.oldest_seconds < 150


def test_no_waiting_job_has_no_age(counts: JobCounts, session: Session) -> None:
    add_job(session, "queued", timedelta(hours=1))
    assert counts.snapshot().oldest_seconds == 0


def test_each_job_that_ends_is_counted_once_and_earlier_ones_are_not(
    engine: Engine, session: Session, clock: Clock
) -> None:
    end(session, add_job(session, "running"), "succeeded", 3)
    counts = JobCounts(reading_session_factory(engine), 30.0, clock)
    rows = [add_job(session, "running") for _ in range(3)]
    assert ends(counts) == {}
    end(session, rows[0], "succeeded", 3)
    end(session, rows[1], "failed", 400)
    clock.seconds += LOOK_SECONDS
    assert ends(counts) == {("train", "succeeded"): 1, ("train", "failed"): 1}
    clock.seconds += LOOK_SECONDS
    end(session, rows[2], "succeeded", 3)
    assert ends(counts) == {("train", "succeeded"): 2, ("train", "failed"): 1}
    failed = counts.snapshot().durations["train", "failed"]
    assert 400 <= failed.total < 500


def test_job_that_ended_before_anybody_looked_is_counted(counts: JobCounts, session: Session, clock: Clock) -> None:
    end(session, add_job(session, "running"), "succeeded", 3)
    # The first look comes ten minutes after the process began.
    clock.seconds += 600
    assert ends(counts) == {("train", "succeeded"): 1}


def test_database_is_looked_at_every_five_seconds_at_most(counts: JobCounts, session: Session, clock: Clock) -> None:
    first = counts.snapshot()
    add_job(session, "queued")
    clock.seconds += LOOK_SECONDS - 0.1
    assert counts.snapshot() is first
    clock.seconds += 0.1
    assert counts.snapshot().live == {("train", "queued"): 1}


def test_jobs_taken_back_from_lost_workers_are_counted(counts: JobCounts, session: Session) -> None:
    for _ in range(2):
        add_job(session, "running", worker_id="gone", lease_until=database_now(session))
    rescue_jobs(session, Backoff(0, 0, 0), held_leases(session))
    assert counts.snapshot().lease_losses == 2
