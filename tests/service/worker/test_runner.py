"""A pause keeps a checkpoint, and a job whose time is up its best network; real worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.domain.job_verbs import pause_job, resume_job
from service.domain.leasing.claims import claim_next_job
from tests.service.worker.test_loop import assert_succeeded_once

if TYPE_CHECKING:
    from tests.service.worker.conftest import Bench


def test_paused_job_rests_with_a_fresh_checkpoint_and_goes_on_to_the_same_bits(
    bench: Bench, sessions: sessionmaker[Session]
) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.03)
    # No checkpoint but the one that the pause asks for.
    bench.start_worker(KAN_CHECKPOINT_SECONDS="600")
    bench.wait_for(job_id, lambda row: bool(row.progress and row.progress["step"] > 5))
    with sessions() as session:
        assert pause_job(session, job_id).row.status == "pausing"
    row = bench.wait_for(job_id, lambda row: row.status == "paused")
    assert (row.attempt, row.worker_id, row.lease_until) == (0, None, None)
    assert row.checkpoint_info is not None
    assert row.progress is not None
    assert row.checkpoint_info["step"] == row.progress["step"] > 5
    # The device is free for others.
    other = bench.submit(steps=5)
    assert_succeeded_once(bench, other, 5)
    with sessions() as session:
        assert resume_job(session, job_id).row.status == "queued"
    assert_succeeded_once(bench, job_id, 60)
    assert bench.statuses(job_id) == ["queued", "running", "pausing", "paused", "queued", "running", "succeeded"]
    steps = [event.data["step"] for event in bench.events(job_id, "metric")]
    assert steps == sorted(set(steps)), "a step was done twice"


def test_pause_of_a_hanging_step_comes_to_rest_all_the_same(bench: Bench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit(steps=60, hang_at=3)
    bench.start_worker(KAN_SHUTDOWN_SECONDS="0.5")
    bench.wait_for(job_id, lambda row: bool(row.progress))
    with sessions() as session:
        pause_job(session, job_id)
    assert bench.wait_for(job_id, lambda row: row.status == "paused").worker_id is None


def test_pauses_taken_back_at_once_lose_no_step_and_no_job(bench: Bench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.03)
    bench.start_worker(KAN_CHECKPOINT_SECONDS="600", KAN_VERB_SECONDS="0.01")
    for step in (2, 10, 20, 30, 40):
        bench.wait_for(job_id, lambda row, step=step: bool(row.progress and row.progress["step"] >= step))  # type: ignore[misc]
        with sessions() as session:
            pause_job(session, job_id)
            resume_job(session, job_id)
    assert_succeeded_once(bench, job_id, 60)
    steps = [event.data["step"] for event in bench.events(job_id, "metric")]
    assert steps == sorted(set(steps)), "a step was done twice"


def test_job_that_a_worker_holds_without_knowing_it_is_given_back_before_its_next_one(
    bench: Bench, sessions: sessionmaker[Session]
) -> None:
    unknown = bench.submit(steps=5)
    with sessions() as session:
        # The answer to this claim never came.
        assert claim_next_job(session, "wk_forgetful", 600.0) is not None
    other = bench.submit(steps=5)
    bench.start_worker(options=("--id", "wk_forgetful"))
    assert_succeeded_once(bench, other, 5)
    assert_succeeded_once(bench, unknown, 5)


@pytest.mark.parametrize(("steps", "reason"), [(100_000, "max_runtime"), (5, None)], ids=["best", "whole"])
def test_scores_that_take_longer_than_a_stop_may_are_waited_for_when_time_is_up(
    bench: Bench, steps: int, reason: str | None
) -> None:
    facts = {"step_seconds": 0.02, "has_best": True, "score_seconds": 2.0}
    job_id = bench.submit(steps=steps, max_runtime_s=1, **facts)
    bench.start_worker(KAN_SHUTDOWN_SECONDS="0.2")
    row = bench.wait_for_end(job_id)
    assert (row.status, row.reason, row.error) == ("succeeded", reason, None)
    assert len(bench.versions(job_id)) == 1


@pytest.mark.slow
def test_job_of_a_million_steps_leaves_at_most_the_cap_of_its_metrics(bench: Bench) -> None:
    job_id = bench.submit(steps=1_000_000, stage_steps=10_000)
    bench.start_worker(KAN_MAX_METRIC_POINTS="50")
    bench.wait_for_end(job_id, 400)
    assert_succeeded_once(bench, job_id, 1_000_000)
    metrics = bench.events(job_id, "metric")
    # A stage's last step is always told.
    assert bench.job(job_id).event_seq > 200
    assert 25 <= len(metrics) <= 50
    assert metrics[-1].data["step"] == 1_000_000


def test_step_that_hangs_when_time_is_up_fails_the_job_after_its_silence(bench: Bench) -> None:
    job_id = bench.submit(steps=60, hang_at=3, has_best=True, max_runtime_s=1)
    bench.start_worker(KAN_STALL_SECONDS="1.5")
    row = bench.wait_for_end(job_id)
    assert (row.status, row.reason, row.token) == ("failed", "max_runtime", 1)
