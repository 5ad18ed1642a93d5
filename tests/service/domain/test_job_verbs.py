"""Verbs on both databases: by the table of states, twice as once, each with its event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs
from service.domain.errors import IllegalJobStep, InvalidSpec, JobNotFound, TooManyJobs
from service.domain.idempotency import Answer, RequestKey
from service.domain.ids import new_id
from service.domain.jobs import JobView
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.leases import Hold
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.domain.specs.job_specs import JobDraft
from service.store.blobs import put_blob
from service.store.engine import database_now
from service.store.jobs import list_events
from service.store.tables import DatasetRow, JobRow

LONG_WAIT = Backoff(600.0, 600.0, 0.0)
Verb = Callable[[Session, str], JobView]


def queue_job(session: Session, dataset_id: str | None = None) -> str:
    draft = JobDraft("train", {"seed": 7}, {"seed": 7}, dataset_id, "toy", 60, 5, {"team": "red"})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=3)
    session.commit()
    return row.id


def store_dataset(session: Session) -> str:
    blob = put_blob(session, b"the rows")
    facts = {"name": "toy", "rows": 1, "bytes": 8, "sha256": blob, "blob_sha256": blob, "columns": [], "units": {}}
    row = DatasetRow(id=new_id("ds"), created_at=database_now(session), **facts)
    session.add(row)
    session.commit()
    return row.id


def claim(session: Session) -> Hold:
    found = claims.claim_next_job(session, "wk_a", 30.0)
    assert found is not None
    return found[0]


def statuses(session: Session, job_id: str) -> list[str]:
    return [event.data["status"] for event in list_events(session, job_id, 0, 100) if event.type == "status"]


def ends(session: Session, job_id: str) -> int:
    return [event.type for event in list_events(session, job_id, 0, 100)].count("end")


def row_of(session: Session, job_id: str) -> JobRow:
    return jobs.get_job(session, job_id).row


def retry(session: Session, job_id: str, key: str | None = None, max_queue: int = 1000) -> Answer:
    return job_verbs.retry_job(
        session,
        job_id,
        max_queue=max_queue,
        max_attempts=3,
        answer_of=lambda view: Answer(202, "/", {"id": view.row.id}),
        request=(key and RequestKey(f"POST {job_id}", key, "", timedelta(hours=24))) or None,
    )


def test_cancel_of_queued_job_ends_it_once(session: Session) -> None:
    job_id = queue_job(session)
    assert job_verbs.cancel_job(session, job_id).row.status == "cancelled"
    row = job_verbs.cancel_job(session, job_id).row
    assert (row.status, row.reason) == ("cancelled", "user_cancelled")
    assert row.finished_at is not None
    assert ends(session, job_id) == 1


def test_cancel_of_running_job_asks_its_worker(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    row = job_verbs.cancel_job(session, job_id).row
    assert (row.status, row.finished_at) == ("cancelling", None)


def test_pause_and_resume_of_queued_job_write_each_step_once(session: Session) -> None:
    job_id = queue_job(session)
    for verb in (job_verbs.pause_job, job_verbs.pause_job, job_verbs.resume_job, job_verbs.resume_job):
        verb(session, job_id)
    assert statuses(session, job_id) == ["queued", "paused", "queued"]
    assert claim(session).job_id == job_id


def test_paused_job_is_not_claimed(session: Session) -> None:
    job_verbs.pause_job(session, queue_job(session))
    assert claims.claim_next_job(session, "wk_a", 30.0) is None


def test_paused_running_job_keeps_its_checkpoint_and_goes_on_from_it(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    assert job_verbs.pause_job(session, job_id).row.status == "pausing"
    sha256 = leases.record_checkpoint(session, hold, b"weights", {"step": 3})
    assert endings.hand_over(session, hold) == "paused"
    job_verbs.resume_job(session, job_id)
    claim(session)
    row = row_of(session, job_id)
    assert (row.status, row.checkpoint_sha256, row.attempt) == ("running", sha256, 1)


def test_pause_taken_back_before_the_worker_stopped_leaves_the_job_to_it(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    job_verbs.pause_job(session, job_id)
    assert job_verbs.resume_job(session, job_id).row.status == "running"
    assert leases.held_status(session, hold) == "running"


def test_worker_that_stops_for_a_pause_that_was_taken_back_gives_the_job_to_the_queue(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    job_verbs.pause_job(session, job_id)
    job_verbs.resume_job(session, job_id)
    assert endings.hand_over(session, hold) == "queued"
    assert claim(session).job_id == job_id


def test_resume_forgets_lost_attempts_and_their_wait(session: Session) -> None:
    job_id = queue_job(session)
    endings.lose_attempt(session, claim(session), "worker_lost", "gone", LONG_WAIT)
    assert claims.claim_next_job(session, "wk_a", 30.0) is None
    job_verbs.pause_job(session, job_id)
    job_verbs.resume_job(session, job_id)
    claim(session)
    assert row_of(session, job_id).attempt == 1


def test_pause_of_a_job_whose_worker_is_lost_rests_it(session: Session) -> None:
    job_id = queue_job(session)
    claim(session)
    job_verbs.pause_job(session, job_id)
    assert rescue_jobs(session, LONG_WAIT, held_leases(session)) == [(job_id, "paused")]
    assert row_of(session, job_id).attempt == 0


def test_cancel_of_paused_job_ends_it_and_lets_its_checkpoint_go(session: Session) -> None:
    job_id = queue_job(session)
    hold = claim(session)
    leases.record_checkpoint(session, hold, b"weights", {"step": 3})
    job_verbs.pause_job(session, job_id)
    endings.hand_over(session, hold)
    row = job_verbs.cancel_job(session, job_id).row
    assert (row.status, row.checkpoint_sha256) == ("cancelled", None)
    assert ends(session, job_id) == 1


@pytest.mark.parametrize("verb", [job_verbs.cancel_job, job_verbs.pause_job, job_verbs.resume_job])
def test_failed_job_takes_no_verb_but_retry(session: Session, verb: Verb) -> None:
    job_id = queue_job(session)
    endings.finish_failed(session, claim(session), "internal", "broke")
    with pytest.raises(IllegalJobStep):
        verb(session, job_id)
    session.rollback()
    assert statuses(session, job_id) == ["queued", "running", "failed"]


@pytest.mark.parametrize("verb", [job_verbs.pause_job, job_verbs.resume_job])
def test_cancelling_job_is_neither_paused_nor_resumed(session: Session, verb: Verb) -> None:
    job_id = queue_job(session)
    claim(session)
    job_verbs.cancel_job(session, job_id)
    with pytest.raises(IllegalJobStep):
        verb(session, job_id)


@pytest.mark.parametrize("verb", [job_verbs.cancel_job, job_verbs.pause_job, job_verbs.resume_job, retry])
@pytest.mark.parametrize(
    "job_id",
    [new_id("job"), "job_x", "../../etc/passwd", "\0", "j" * 10_000],
    # Of its own: processes that share the tests must agree on their names.
    ids=["unknown", "short", "path", "nul", "long"],
)
def test_verbs_on_unknown_jobs_find_nothing(session: Session, verb: Callable[..., object], job_id: str) -> None:
    with pytest.raises(JobNotFound):
        verb(session, job_id)


def test_retry_is_a_new_job_with_the_same_work(session: Session) -> None:
    job_id = queue_job(session, store_dataset(session))
    endings.finish_failed(session, claim(session), "internal", "broke")
    old, new = row_of(session, job_id), row_of(session, retry(session, job_id).body["id"])
    assert (new.status, new.attempt, new.retry_of) == ("queued", 0, job_id)
    assert (new.spec, new.dataset_id, new.model_name) == (old.spec, old.dataset_id, "toy")
    assert (new.priority, new.labels) == (5, {"team": "red"})
    assert (old.status, statuses(session, job_id)[-1]) == ("failed", "failed")


def test_retry_with_the_same_key_makes_one_job(session: Session) -> None:
    job_id = queue_job(session, store_dataset(session))
    job_verbs.cancel_job(session, job_id)
    first, second = retry(session, job_id, "a"), retry(session, job_id, "a")
    assert (first.replayed, second.replayed, second.body) == (False, True, first.body)
    assert retry(session, job_id, "b").body != first.body


def test_retry_of_a_live_job_is_refused(session: Session) -> None:
    job_id = queue_job(session, store_dataset(session))
    with pytest.raises(IllegalJobStep):
        retry(session, job_id)


def test_retry_without_its_data_set_is_refused(session: Session) -> None:
    job_id = queue_job(session)
    job_verbs.cancel_job(session, job_id)
    with pytest.raises(InvalidSpec):
        retry(session, job_id)


def test_retry_into_a_full_queue_is_refused(session: Session) -> None:
    job_id = queue_job(session, store_dataset(session))
    job_verbs.cancel_job(session, job_id)
    with pytest.raises(TooManyJobs):
        retry(session, job_id, max_queue=0)
