"""What ended jobs leave goes when its time has come; what runs, and every model, stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from service.domain import checkpoints, jobs
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.leases import Batch
from service.domain.retention import sweeps
from service.domain.specs.job_specs import JobDraft
from service.domain.trained_model import TrainedModel, TrainingMoment
from service.settings import Settings
from service.store.blobs import get_blob
from service.store.engine import database_now
from service.store.jobs import list_events
from service.store.retention import JOBS_AT_ONCE
from service.store.tables import BlobRow, JobRow, VersionRow, WorkerRow
from tests.service.store.test_blobs import drop_all_orphans

TRAINED = TrainedModel(b"model", b"split", {}, {"inputs": [], "outputs": []}, "converged", 1.0)
NEVER = Settings(keep_checkpoints_days=0, keep_events_days=0, keep_jobs_days=0)
NOTHING: dict[str, int] = {}


def forget(session: Session, settings: Settings) -> dict[str, int]:
    """Sweeps once; gives how many of each went."""
    counts = {name: part.forget(session, part.find(session)) for name, part in sweeps(settings, "00").items()}
    return {name: count for name, count in counts.items() if count}


def run_job(session: Session) -> leases.Hold:
    draft = JobDraft("train", {}, {"seed": 7}, None, "toy", 60, 0, {})
    jobs.create_job(session, draft, max_queue=10, max_attempts=3)
    session.commit()
    claimed = claims.claim_next_job(session, "wk_a", 30.0)
    assert claimed is not None
    hold = claimed[0]
    leases.record_progress(session, hold, Batch([("metric", {"step": 1}), ("log", {"text": "hello"})]), 100)
    for stage in (1, 2):
        moment = TrainingMoment(b"network %d" % stage, stage, "fit", True, 5, 0.1, 0.1)
        leases.record_checkpoint(session, hold, b"to go on from %d" % stage, {"step": 5}, moment)
    return hold


@pytest.fixture
def ended(session: Session) -> Iterator[str]:
    """A job that ended ten days ago, beside one that runs for as long."""
    hold = run_job(session)
    endings.finish_with_model(session, hold, TRAINED)
    running = run_job(session)
    ten_days_ago = database_now(session) - timedelta(days=10)
    session.execute(update(JobRow).values(created_at=ten_days_ago, started_at=ten_days_ago))
    session.execute(update(JobRow).where(JobRow.id == hold.job_id).values(finished_at=ten_days_ago))
    session.commit()
    yield hold.job_id
    assert len(checkpoints.list_checkpoints(session, running.job_id)) == 2
    assert {event.type for event in list_events(session, running.job_id, 0, 100)} >= {"metric", "log", "checkpoint"}


def test_bytes_of_checkpoints_go_and_the_model_stays(session: Session, ended: str) -> None:
    assert forget(session, Settings(keep_checkpoints_days=11)) == NOTHING
    assert forget(session, Settings(keep_checkpoints_days=9)) == {"checkpoints": 2}
    assert forget(session, Settings(keep_checkpoints_days=9)) == NOTHING
    session.commit()
    drop_all_orphans(session, database_now(session) + timedelta(seconds=1))
    found = checkpoints.list_checkpoints(session, ended)
    assert [(each.row.number, each.row.blob_sha256) for each in found] == [(1, None), (2, None)]
    version = session.scalars(select(VersionRow)).one()
    assert get_blob(session, version.blob_sha256) == b"model"


def test_of_the_log_the_states_stay(session: Session, ended: str) -> None:
    before = jobs.get_job(session, ended).transitions
    assert forget(session, Settings(keep_events_days=11)) == NOTHING
    assert forget(session, Settings(keep_events_days=9)) == {"events": 4}
    session.commit()
    assert {event.type for event in list_events(session, ended, 0, 100)} == {"status", "end"}
    assert jobs.get_job(session, ended).transitions == before


def test_whole_jobs_go_only_where_that_is_asked_for(session: Session, ended: str) -> None:
    assert forget(session, Settings()) == NOTHING
    assert forget(session, Settings(keep_jobs_days=9)) == {"jobs": 1}
    session.commit()
    assert session.get(JobRow, ended) is None
    version = session.scalars(select(VersionRow).execution_options(populate_existing=True)).one()
    assert (version.job_id, get_blob(session, version.blob_sha256)) == (None, b"model")


def test_zero_days_keep_for_ever(session: Session, ended: str) -> None:
    long_ago = database_now(session) - timedelta(days=30_000)
    session.execute(update(JobRow).where(JobRow.id == ended).values(finished_at=long_ago))
    assert forget(session, NEVER) == NOTHING


def test_a_running_job_keeps_the_bytes_of_one_checkpoint_to_go_on_from(session: Session) -> None:
    hold = run_job(session)
    for number in range(20):
        leases.record_checkpoint(session, hold, b"number %d" % number, {"step": number})
    row = session.get_one(JobRow, hold.job_id)
    assert get_blob(session, str(row.checkpoint_sha256)) == b"number 19"
    # And two networks.
    assert session.scalar(select(func.count()).select_from(BlobRow)) == 3


def test_an_ended_job_keeps_no_bytes_to_go_on_from(session: Session) -> None:
    hold = run_job(session)
    endings.finish_with_model(session, hold, TRAINED)
    found = set(session.scalars(select(BlobRow.sha256)))
    kept = {str(each.row.blob_sha256) for each in checkpoints.list_checkpoints(session, hold.job_id)}
    version = session.scalars(select(VersionRow)).one()
    assert found == kept | {version.blob_sha256, version.split_sha256}


def test_two_jobs_with_the_same_checkpoint_do_not_take_it_from_each_other(session: Session) -> None:
    first, second = run_job(session), run_job(session)
    leases.record_checkpoint(session, first, b"newer", {"step": 6})
    shared = session.get_one(JobRow, second.job_id).checkpoint_sha256
    assert get_blob(session, str(shared)) == b"to go on from 2"
    endings.finish_failed(session, second, "internal", "broke")
    assert session.get(BlobRow, shared, populate_existing=True) is None
    assert get_blob(session, str(session.get_one(JobRow, first.job_id).checkpoint_sha256)) == b"newer"


def test_sweep_forgets_then_frees_what_nothing_refers_to_any_more(session: Session, ended: str) -> None:
    old = database_now(session) - timedelta(days=10)
    session.execute(update(BlobRow).values(created_at=old))
    session.add(WorkerRow(id="wk_gone", host="h", pid=1, device="cpu", started_at=old, seen_at=old))
    session.commit()
    # No bytes: the running job has the same networks still.
    assert forget(session, Settings(keep_checkpoints_days=9)) == {"checkpoints": 2, "workers": 1}
    assert session.scalars(select(WorkerRow)).all() == []
    session.execute(update(VersionRow).values(split_sha256=None))
    session.commit()
    assert forget(session, Settings()) == {"blobs": 1}


def test_one_moment_of_a_sweep_takes_some_jobs_only_and_the_next_one_goes_on(session: Session, ended: str) -> None:
    row = session.get_one(JobRow, ended)
    facts = {column.name: getattr(row, column.name) for column in JobRow.__table__.columns}
    session.execute(insert(JobRow), [{**facts, "id": f"job_{number}"} for number in range(JOBS_AT_ONCE)])
    session.commit()
    days = Settings(keep_jobs_days=9)
    assert [forget(session, days) for _ in range(3)] == [{"jobs": JOBS_AT_ONCE}, {"jobs": 1}, NOTHING]
