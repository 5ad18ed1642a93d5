"""A job ends once, and a cancel that came first wins, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain import job_verbs
from service.domain.leasing import endings
from service.domain.leasing.leases import LeaseLost
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.store.tables import VersionRow
from tests.service.domain.leasing.test_leases import NO_WAIT, TRAINED, claim, end_lease, queue_job, row_of


def test_attempts_without_checkpoint_end_in_failure(session: Session) -> None:
    job_id = queue_job(session)
    for attempt in (1, 2, 3):
        end_lease(session, claim(session))
        assert row_of(session, job_id).attempt == attempt
        rescue_jobs(session, NO_WAIT, held_leases(session))
    row = row_of(session, job_id)
    assert (row.status, row.reason) == ("failed", "max_attempts_exceeded")


def test_cancel_before_the_end_wins_over_the_result(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    job_verbs.cancel_job(session, job_id)
    assert endings.finish_with_model(session, hold, TRAINED) == "cancelled"
    assert session.scalars(select(VersionRow)).all() == []
    assert row_of(session, job_id).result is None


def test_answer_ends_the_job_without_a_version(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    assert endings.finish_with_answer(session, hold, {"advice": "take it"}, "max_runtime") == "succeeded"
    row = row_of(session, job_id)
    assert (row.status, row.reason, row.result) == ("succeeded", "max_runtime", {"advice": "take it"})
    assert session.scalars(select(VersionRow)).all() == []


def test_cancel_before_the_end_wins_over_the_answer(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    job_verbs.cancel_job(session, job_id)
    assert endings.finish_with_answer(session, hold, {"advice": "late"}) == "cancelled"
    assert row_of(session, job_id).result is None


def test_result_is_published_once_with_seed_and_number(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    assert endings.finish_with_model(session, hold, TRAINED) == "succeeded"
    with pytest.raises(LeaseLost):
        endings.finish_with_model(session, hold, TRAINED)
    version = session.scalars(select(VersionRow)).one()
    assert (version.model_name, version.version, version.job_id, version.seed) == ("toy", 1, job_id, 7)
