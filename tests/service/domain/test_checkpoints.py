"""Which networks of a training stay: written with the checkpoint to go on from, thinned when the job ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from service.domain import checkpoints, job_verbs, jobs
from service.domain.errors import JobNotFound
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.leases import Hold, LeaseLost
from service.domain.specs.job_specs import JobDraft
from service.domain.trained_model import TrainedModel, TrainingMoment
from service.store.blobs import BlobDamaged, get_blob
from service.store.engine import database_now
from tests.service.store.test_blobs import drop_all_orphans

TRAINED = TrainedModel(b"model", b"split", {}, {"inputs": [], "outputs": []}, "converged", 1.0)


@pytest.fixture
def hold(session: Session) -> Hold:
    draft = JobDraft("train", {}, {"seed": 7}, None, "toy", 60, 0, {})
    jobs.create_job(session, draft, max_queue=10, max_attempts=3)
    session.commit()
    claimed = claims.claim_next_job(session, "wk_a", 30.0)
    assert claimed is not None
    return claimed[0]


def record(session: Session, hold: Hold, name: str, stage: int, ended: bool, loss: float | None) -> None:
    moment = TrainingMoment(name.encode(), stage, f"stage {stage}", ended, 5, loss, loss)
    leases.record_checkpoint(session, hold, b"to go on from " + name.encode(), {"step": 5}, moment)


def record_seven(session: Session, hold: Hold) -> None:
    """Two stages and a third one that does not end; the best is the fifth, in the middle of the second."""
    record(session, hold, "a", 1, False, 0.9)
    record(session, hold, "b", 1, False, 0.8)
    record(session, hold, "c", 1, True, 0.7)
    record(session, hold, "d", 2, False, None)
    record(session, hold, "e", 2, False, 0.1)
    record(session, hold, "f", 2, True, 0.3)
    record(session, hold, "g", 3, False, 0.2)


KEPT = {1: ("first",), 3: ("stage_end",), 5: ("best",), 6: ("stage_end",), 7: ("last",)}


def test_checkpoints_are_numbered_and_say_what_they_are_kept_for(session: Session, hold: Hold) -> None:
    record_seven(session, hold)
    found = checkpoints.list_checkpoints(session, hold.job_id)
    assert [each.row.number for each in found] == [1, 2, 3, 4, 5, 6, 7]
    assert {each.row.number: each.kept_for for each in found if each.kept_for} == KEPT
    assert [get_blob(session, str(each.row.blob_sha256)) for each in found] == [bytes([c]) for c in b"abcdefg"]
    assert (found[2].row.stage_name, found[2].row.step, found[2].row.validation_loss) == ("stage 1", 5, 0.7)


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled"])
def test_ended_job_keeps_first_stage_ends_best_and_last(session: Session, hold: Hold, ending: str) -> None:
    record_seven(session, hold)
    if ending == "succeeded":
        endings.finish_with_model(session, hold, TRAINED)
    elif ending == "failed":
        endings.finish_failed(session, hold, "internal", "broke")
    else:
        job_verbs.cancel_job(session, hold.job_id)
        endings.finish_stopped(session, hold)
    assert_thinned(session, hold)


def test_job_cancelled_at_rest_keeps_them_too_and_nothing_to_go_on_from(session: Session, hold: Hold) -> None:
    record_seven(session, hold)
    endings.hand_over(session, hold)
    assert job_verbs.cancel_job(session, hold.job_id).row.checkpoint_sha256 is None
    assert_thinned(session, hold)


def assert_thinned(session: Session, hold: Hold) -> None:
    drop_all_orphans(session, database_now(session) + timedelta(seconds=1))
    found = checkpoints.list_checkpoints(session, hold.job_id)
    assert {each.row.number: each.kept_for for each in found if each.row.blob_sha256} == KEPT
    assert [each.row.number for each in found if not each.kept_for] == [2, 4]
    assert [get_blob(session, str(each.row.blob_sha256)) for each in found if each.row.blob_sha256] == [
        bytes([c]) for c in b"acefg"
    ]


def test_bytes_that_were_thinned_out_are_freed_at_once(session: Session, hold: Hold) -> None:
    record_seven(session, hold)
    thinned = checkpoints.list_checkpoints(session, hold.job_id)[1].row.blob_sha256
    assert thinned is not None
    endings.finish_failed(session, hold, "internal", "broke")
    with pytest.raises(BlobDamaged):
        get_blob(session, thinned)


def test_of_equal_losses_the_later_is_the_best(session: Session, hold: Hold) -> None:
    record(session, hold, "fitted", 1, True, 0.5)
    record(session, hold, "refitted", 2, True, 0.5)
    found = checkpoints.list_checkpoints(session, hold.job_id)
    assert [each.kept_for for each in found] == [("first", "stage_end"), ("stage_end", "best", "last")]


def test_the_same_network_in_the_middle_of_a_stage_is_not_kept_twice(session: Session, hold: Hold) -> None:
    moment = TrainingMoment(b"same", 1, "fit", False, 5, 0.1, 0.1)
    for number in range(3):
        leases.record_checkpoint(session, hold, b"%d" % number, {}, moment)
    assert len(checkpoints.list_checkpoints(session, hold.job_id)) == 1


def test_a_worker_that_lost_its_job_keeps_nothing(session: Session, hold: Hold) -> None:
    stale = Hold(hold.job_id, hold.token - 1, hold.worker_id)
    with pytest.raises(LeaseLost):
        record(session, stale, "late", 1, True, 0.0)
    assert checkpoints.list_checkpoints(session, hold.job_id) == []


def test_a_deleted_job_takes_its_checkpoints_along(session: Session, hold: Hold) -> None:
    record_seven(session, hold)
    endings.finish_failed(session, hold, "internal", "broke")
    jobs.delete_job(session, hold.job_id)
    assert drop_all_orphans(session, database_now(session) + timedelta(seconds=1)) > 0
    with pytest.raises(JobNotFound):
        checkpoints.list_checkpoints(session, hold.job_id)
