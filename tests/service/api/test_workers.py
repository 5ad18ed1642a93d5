"""Who is alive, with which job, over HTTP; one that is gone takes nothing down."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service.store.engine import database_now
from service.store.tables import WorkerRow
from service.store.workers import note_job, report_worker

if TYPE_CHECKING:
    from tests.service.conftest import Api


def sign_on(session: Session, worker_id: str, device: str, seen_before: timedelta, *, ready: bool = True) -> None:
    seen = database_now(session) - seen_before
    started = seen - timedelta(hours=1)
    facts = {"host": "lab", "pid": 7, "device": device, "started_at": started, "seen_at": seen}
    report_worker(session, WorkerRow(id=worker_id, job_id=None, ready_at=started if ready else None, **facts))
    session.commit()


def test_workers_that_are_alive_are_listed_with_device_and_job(api: Api, session: Session) -> None:
    sign_on(session, "wk_dead", "cpu", timedelta(hours=1))
    sign_on(session, "wk_free", "cpu", timedelta(0))
    sign_on(session, "wk_busy", "cuda:0", timedelta(0))
    note_job(session, "wk_busy", "job_a")
    session.commit()
    found = {worker["id"]: worker for worker in api.get("/v1/workers").json()["data"]}
    assert {name: (worker["device"], worker["job_id"], worker["status"]) for name, worker in found.items()} == {
        "wk_busy": ("cuda:0", "job_a", "busy"),
        "wk_free": ("cpu", None, "free"),
    }
    assert (found["wk_free"]["host"], found["wk_free"]["pid"]) == ("lab", 7)
    assert found["wk_free"]["started_at"] < found["wk_free"]["seen_at"]


def test_dead_worker_leaves_the_api_ready(api: Api, session: Session) -> None:
    sign_on(session, "wk_dead", "cpu", timedelta(hours=1))
    answer = api.get("/readyz?verbose")
    assert (answer.status_code, answer.json()["workers"], answer.json()["worker_list"]) == (200, 0, [])
    sign_on(session, "wk_live", "cpu", timedelta(0))
    assert api.get("/readyz").json()["workers"] == 1


def test_worker_that_has_just_started_is_alive_but_not_ready(api: Api, session: Session) -> None:
    sign_on(session, "wk_new", "cpu", timedelta(0), ready=False)
    (found,) = api.get("/v1/workers").json()["data"]
    assert (found["status"], found["ready_at"]) == ("starting", None)
    assert [api.get("/readyz").json()[name] for name in ("workers", "workers_ready")] == [1, 0]
    assert api.get("/readyz?verbose").json()["worker_list"] == [found]
