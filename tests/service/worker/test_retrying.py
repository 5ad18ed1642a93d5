"""A commit that goes through although its answer is lost is done once, on both databases."""

from __future__ import annotations

from typing import ClassVar

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from service.domain.job_verbs import pause_job
from service.domain.leasing.claims import claim_next_job, give_back
from service.domain.leasing.leases import Batch, Hold, record_progress
from service.store.jobs import list_events
from service.store.tables import JobRow
from service.worker.retrying import Transactions
from tests.service.domain.leasing.test_leases import claim, queue_job

STEPS = [("metric", {"step": 1}), ("metric", {"step": 2})]


class Lossy(Session):
    """The link breaks at the first commit: behind it, so that only its answer is lost, or before it."""

    breaks: ClassVar[list[str]] = []

    def commit(self) -> None:
        breaks = self.breaks.pop() if self.breaks else None
        if breaks == "before":
            self.rollback()
        else:
            super().commit()
        if breaks:
            raise OperationalError("COMMIT", {}, Exception("the link broke"))


@pytest.fixture
def lossy(engine: Engine) -> Transactions:
    return Transactions(sessionmaker(engine, class_=Lossy, expire_on_commit=False), 30.0)


def steps_told(session: Session, hold: Hold) -> list[int]:
    found = [row.data["step"] for row in list_events(session, hold.job_id, 0, 100) if row.type == "metric"]
    # On SQLite it would keep others from writing.
    session.rollback()
    return found


@pytest.mark.parametrize("breaks", ["behind", "before"])
def test_batch_of_a_log_is_written_once(
    session: Session, lossy: Transactions, breaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_job(session)
    hold, batch = claim(session), Batch(STEPS, {"step": 2})
    monkeypatch.setattr(Lossy, "breaks", [breaks])
    lossy.run(lambda other: record_progress(other, hold, batch, 1000))
    assert steps_told(session, hold) == [1, 2]
    # The same words again, as after a checkpoint, are news.
    lossy.run(lambda other: record_progress(other, hold, Batch(STEPS, {"step": 2}), 1000))
    assert steps_told(session, hold) == [1, 2, 1, 2]


def test_batch_whose_number_went_to_a_verb_meanwhile_is_written(session: Session, lossy: Transactions) -> None:
    queue_job(session)
    hold, batch = claim(session), Batch(STEPS[:1])
    batch.last = 3
    assert pause_job(session, hold.job_id).row.event_seq == 3
    session.rollback()
    lossy.run(lambda other: record_progress(other, hold, batch, 1000))
    assert steps_told(session, hold) == [1]


@pytest.mark.parametrize("breaks", ["behind", "before"])
def test_claim_whose_answer_is_lost_leaves_its_worker_one_job(
    session: Session, lossy: Transactions, breaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue_job(session), queue_job(session)

    def claim_afresh(other: Session) -> tuple[Hold, JobRow] | None:
        give_back(other, "wk_a")
        return claim_next_job(other, "wk_a", 600.0)

    monkeypatch.setattr(Lossy, "breaks", [breaks])
    found = lossy.run(claim_afresh)
    assert found is not None
    running = session.scalars(select(JobRow).where(JobRow.status == "running")).all()
    assert [(row.id, row.token, row.attempt) for row in running] == [(found[0].job_id, found[0].token, 1)]
    assert {first, second} == {found[0].job_id, *session.scalars(select(JobRow.id).where(JobRow.status == "queued"))}
