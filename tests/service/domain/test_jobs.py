"""Jobs as people see them, on both databases: submit once, cancel, delete, list, the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.domain import job_verbs, jobs, models
from service.domain.errors import IdempotencyKeyReused, IllegalJobStep, InvalidSpec, JobNotFound, TooManyJobs
from service.domain.idempotency import Answer, RequestKey
from service.domain.ids import new_id
from service.domain.limits import Limits
from service.settings import Settings
from service.store.blobs import put_blob
from service.store.engine import database_now
from service.store.tables import DatasetRow

COLUMNS = [
    {"name": name, "type": "number", "missing": 0, "distinct": 100, "constant": False, "min": 0.0, "max": 1.0}
    for name in ("x1", "x2", "y")
]


@pytest.fixture
def dataset_id(session: Session) -> str:
    blob = put_blob(session, b"the rows")
    row = DatasetRow(
        id=new_id("ds"),
        name="Concrete 2.csv",
        rows=100,
        bytes=8,
        sha256=blob,
        blob_sha256=blob,
        columns=COLUMNS,
        units={},
        created_at=database_now(session),
    )
    session.add(row)
    session.commit()
    return row.id


def submit(session: Session, dataset_id: str, key: RequestKey | None = None, **more: Any) -> Answer:
    spec = {"kind": "train", "dataset": dataset_id, "targets": ["y"], **more}
    limits = Limits.from_settings(Settings(max_queue=3))
    return jobs.submit_job(session, spec, limits, max_attempts=3, answer_of=answer_of, request=key)


def answer_of(view: jobs.JobView) -> Answer:
    return Answer(202, f"/v1/jobs/{view.row.id}", {"id": view.row.id, "status": view.row.status})


def request_key(body: str = "a") -> RequestKey:
    return RequestKey("POST /v1/jobs", "key-1", body, timedelta(hours=24))


def test_submitted_job_is_queued_with_its_first_event_and_a_model_name(session: Session, dataset_id: str) -> None:
    view = jobs.get_job(session, submit(session, dataset_id).body["id"])
    assert (view.row.status, view.row.attempt, view.row.model_name) == ("queued", 0, "concrete-2")
    assert [step["status"] for step in view.transitions] == ["queued"]
    assert view.row.event_seq == len(jobs.list_events(session, view.row.id, 0, 100))


def test_same_key_and_body_makes_one_job(session: Session, dataset_id: str) -> None:
    first = submit(session, dataset_id, request_key())
    second = submit(session, dataset_id, request_key())
    assert (first.replayed, second.replayed) == (False, True)
    assert second.body == first.body
    assert len(jobs.list_jobs(session, 10).entries) == 1


def test_same_key_with_another_body_is_refused(session: Session, dataset_id: str) -> None:
    submit(session, dataset_id, request_key("a"))
    with pytest.raises(IdempotencyKeyReused):
        submit(session, dataset_id, request_key("b"))


def test_refused_spec_does_not_use_the_key_up(session: Session, dataset_id: str) -> None:
    with pytest.raises(InvalidSpec):
        submit(session, dataset_id, request_key(), model="../../etc/passwd")
    session.rollback()
    assert not submit(session, dataset_id, request_key()).replayed


@pytest.mark.parametrize(
    ("field", "value"),
    [("model", "A B"), ("dataset", "ds_nothing"), ("dataset", "\0"), ("max_runtime_s", 10**9), ("targets", ["z"])],
)
def test_wrong_value_is_refused_with_its_pointer(session: Session, dataset_id: str, field: str, value: Any) -> None:
    with pytest.raises(InvalidSpec) as caught:
        submit(session, dataset_id, **{field: value})
    assert caught.value.faults[0].pointer.startswith(f"/{field}")
    assert jobs.list_jobs(session, 10).entries == []


def test_full_queue_refuses_the_next_job(session: Session, dataset_id: str) -> None:
    for _ in range(3):
        submit(session, dataset_id)
    with pytest.raises(TooManyJobs):
        submit(session, dataset_id)


def test_unknown_jobs_are_not_found(session: Session) -> None:
    for job_id in (new_id("job"), "job_x", "../../etc/passwd", "\0", "j" * 10_000):
        with pytest.raises(JobNotFound):
            jobs.get_job(session, job_id)


def test_only_ended_jobs_are_deleted(session: Session, dataset_id: str) -> None:
    job_id = submit(session, dataset_id).body["id"]
    with pytest.raises(IllegalJobStep):
        jobs.delete_job(session, job_id)
    job_verbs.cancel_job(session, job_id)
    jobs.delete_job(session, job_id)
    with pytest.raises(JobNotFound):
        jobs.get_job(session, job_id)


def test_list_is_newest_first_and_filters(session: Session, dataset_id: str) -> None:
    first = submit(session, dataset_id, model="a", labels={"team": "red"}).body["id"]
    second = submit(session, dataset_id, model="b").body["id"]
    job_verbs.cancel_job(session, second)

    def ids(**only: Any) -> list[str]:
        return [view.row.id for view in jobs.list_jobs(session, 10, None, jobs.JobFilter(**only)).entries]

    assert ids() == [second, first]
    assert ids(model_name="a") == [first]
    assert ids(statuses=("cancelled",)) == [second]
    assert ids(labels={"team": "red"}) == [first]
    assert ids(labels={"team": "blue"}) == []
    assert [view.row.id for view in jobs.list_jobs(session, 10, second).entries] == [first]


@pytest.mark.parametrize(("name", "slug"), [("Concrete 2.csv", "concrete-2"), ("éü", "model"), ("../../etc", "etc")])
def test_model_name_comes_from_data_set_name(name: str, slug: str) -> None:
    assert models.model_name_from(name) == slug
