"""Every write of a worker is guarded by its token, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.domain import jobs
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.leases import Batch, Hold, LeaseLost
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.domain.specs.job_specs import JobDraft
from service.domain.trained_model import TrainedModel
from service.store.engine import database_now
from service.store.jobs import list_events
from service.store.tables import JobRow, VersionRow

NO_WAIT = Backoff(0.0, 0.0, 0.0)
TRAINED = TrainedModel(b"model", b"split", {"test": {"rmse": 0.1}}, {"inputs": [], "outputs": []}, "converged", 1.0)


def queue_job(session: Session, max_attempts: int = 3, priority: int = 0) -> str:
    draft = JobDraft("train", {}, {"seed": 7}, None, "toy", 60, priority, {})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=max_attempts)
    session.commit()
    return row.id


def claim(session: Session, lease_seconds: float = 30.0) -> Hold:
    found = claims.claim_next_job(session, "wk_a", lease_seconds)
    assert found is not None
    return found[0]


def end_lease(session: Session, hold: Hold) -> None:
    past = database_now(session) - timedelta(seconds=1)
    session.execute(update(JobRow).where(JobRow.id == hold.job_id).values(lease_until=past))
    session.commit()


def row_of(session: Session, job_id: str) -> JobRow:
    return jobs.get_job(session, job_id).row


WRITES: list[Any] = [
    lambda session, hold: leases.renew_lease(session, hold, 30.0),
    leases.held_status,
    lambda session, hold: leases.record_progress(session, hold, Batch([("metric", {"step": 1})], {"step": 1}), 100),
    lambda session, hold: leases.record_checkpoint(session, hold, b"late", {"step": 1}),
    lambda session, hold: endings.finish_with_model(session, hold, TRAINED),
    lambda session, hold: endings.finish_with_answer(session, hold, {"advice": "late"}),
    lambda session, hold: endings.finish_failed(session, hold, "internal", "late"),
    endings.finish_stopped,
    endings.hand_over,
    lambda session, hold: endings.lose_attempt(session, hold, "worker_lost", "late", NO_WAIT),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("claimed_again", [False, True])
def test_every_write_after_rescue_is_refused_and_leaves_nothing(
    session: Session, write: Any, claimed_again: bool
) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    end_lease(session, hold)
    assert rescue_jobs(session, NO_WAIT, held_leases(session)) == [(job_id, "queued")]
    if claimed_again:
        claim(session)
    before = len(list_events(session, job_id, 0, 1000))
    with pytest.raises(LeaseLost):
        write(session, hold)
    session.rollback()
    assert len(list_events(session, job_id, 0, 1000)) == before
    assert row_of(session, job_id).checkpoint_sha256 is None
    assert session.scalars(select(VersionRow)).all() == []


def test_checkpoint_starts_the_count_again(session: Session) -> None:
    job_id = queue_job(session)
    for _ in range(5):
        hold = claim(session)
        leases.record_checkpoint(session, hold, b"weights %d" % hold.token, {"step": 1})
        end_lease(session, hold)
        assert rescue_jobs(session, NO_WAIT, held_leases(session)) == [(job_id, "queued")]


def test_checkpoint_that_holds_nothing_new_does_not_keep_a_poisoned_job_alive(session: Session) -> None:
    job_id = queue_job(session)
    for _ in range(4):
        hold = claim(session)
        leases.record_checkpoint(session, hold, b"weights", {"step": 1})
        end_lease(session, hold)
        rescue_jobs(session, NO_WAIT, held_leases(session))
        if row_of(session, job_id).status == "failed":
            break
    row = row_of(session, job_id)
    assert (row.status, row.reason) == ("failed", "max_attempts_exceeded")
    assert row.checkpoint_sha256 is None
    assert sum(event.type == "checkpoint" for event in list_events(session, job_id, 0, 1000)) == 1


def test_long_metric_series_is_thinned_evenly(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    for start in range(0, 1000, 10):
        events = [("metric", {"step": step}) for step in range(start, start + 10)]
        leases.record_progress(session, hold, Batch(events), 100)
    steps = [event.data["step"] for event in list_events(session, job_id, 0, 10_000) if event.type == "metric"]
    assert 50 <= len(steps) <= 100
    assert steps == sorted(set(steps))
    assert steps[0] == 0
