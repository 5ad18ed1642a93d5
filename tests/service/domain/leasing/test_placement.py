"""Which device a job is meant for, and which of the waiting jobs a worker takes, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kan.config import NetworkConfig
from kan.cost import training_cost
from service.domain import jobs
from service.domain.errors import InvalidSpec
from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import hand_over
from service.domain.leasing.placement import check_device, device_facts
from service.domain.specs.job_specs import JobDraft
from service.store.engine import database_now
from service.store.tables import JobRow, WorkerRow
from service.store.workers import report_worker


def queue_job(session: Session, *, asked: str | None = None, meant: str | None = None) -> str:
    spec = {} if asked is None else {"device": asked}
    resolved = {"seed": 0} if meant is None else {"seed": 0, "device": meant}
    draft = JobDraft("train", spec, resolved, None, "toy", 60, 0, {})
    row = jobs.create_job(session, draft, max_queue=1000, max_attempts=3)
    session.commit()
    return row.id


def sign_on(session: Session, worker_id: str, device: str, job_id: str | None = None, *, ready: bool = True) -> None:
    now = database_now(session)
    facts = {"host": "h", "pid": 1, "device": device, "started_at": now, "ready_at": now if ready else None}
    report_worker(session, WorkerRow(id=worker_id, seen_at=now, job_id=job_id, **facts))
    session.commit()


def claimed(session: Session, device: str, worker_id: str = "wk_me") -> str | None:
    found = claim_next_job(session, worker_id, 30.0, device)
    return None if found is None else found[1].id


@pytest.mark.parametrize(("device", "other"), [("cpu", "cuda:0"), ("cuda:0", "cpu"), ("cuda:1", "cuda:0")])
def test_named_device_waits_for_a_worker_that_has_it(session: Session, device: str, other: str) -> None:
    job_id = queue_job(session, asked=device)
    assert claimed(session, other) is None
    assert claimed(session, device) == job_id


def test_claimed_job_shows_where_it_runs_and_its_worker_is_busy_at_once(session: Session) -> None:
    sign_on(session, "wk_gpu", "cuda:1")
    job_id = queue_job(session, meant="cuda")
    assert claimed(session, "cuda:1", "wk_gpu") == job_id
    row = jobs.get_job(session, job_id).row
    assert row.resolved is not None
    assert (row.device, row.resolved["device"], row.resolved["seed"]) == ("cuda:1", "cuda:1", 0)
    assert session.get_one(WorkerRow, "wk_gpu", populate_existing=True).job_id == job_id


@pytest.mark.parametrize(("meant", "device", "free"), [("cuda", "cpu", "cuda:0"), ("cpu", "cuda:0", "cpu")])
def test_open_job_is_left_to_a_free_worker_that_suits_it_better(
    session: Session, meant: str, device: str, free: str
) -> None:
    job_id = queue_job(session, meant=meant)
    sign_on(session, "wk_me", device)
    sign_on(session, "wk_other", free)
    assert claimed(session, device) is None
    assert claimed(session, free, "wk_other") == job_id


def test_open_job_is_not_left_to_a_worker_that_is_still_starting(session: Session) -> None:
    job_id = queue_job(session, meant="cuda")
    sign_on(session, "wk_me", "cpu")
    sign_on(session, "wk_gpu", "cuda:0", ready=False)
    assert claimed(session, "cpu") == job_id


@pytest.mark.parametrize("other_job", [None, "job_1"], ids=["no other worker", "the other is busy"])
def test_large_open_job_goes_to_the_cpu_where_no_gpu_is_free(session: Session, other_job: str | None) -> None:
    job_id = queue_job(session, meant="cuda")
    sign_on(session, "wk_me", "cpu")
    if other_job is not None:
        sign_on(session, "wk_gpu", "cuda:0", job_id=other_job)
    assert claimed(session, "cpu") == job_id


def test_open_job_that_the_free_worker_does_not_take_is_taken_by_another_kind(session: Session) -> None:
    job_id = queue_job(session, meant="cpu")
    sign_on(session, "wk_me", "cuda:0")
    # Present, and without a process to train in.
    sign_on(session, "wk_other", "cpu")
    assert claimed(session, "cuda:0") is None
    past = database_now(session) - timedelta(seconds=6)
    session.execute(update(JobRow).where(JobRow.id == job_id).values(not_before=past))
    session.commit()
    assert claimed(session, "cuda:0") == job_id


def test_worker_passes_over_a_job_for_another_device(session: Session) -> None:
    queue_job(session, asked="cuda:0")
    mine = queue_job(session)
    assert claimed(session, "cpu") == mine


def test_job_handed_over_by_one_device_may_go_on_on_another(session: Session) -> None:
    job_id = queue_job(session, meant="cuda")
    found = claim_next_job(session, "wk_gpu", 30.0, "cuda:0")
    assert found is not None
    hand_over(session, found[0])
    assert claimed(session, "cpu") == job_id
    assert jobs.get_job(session, job_id).row.device == "cpu"


def test_device_that_no_live_worker_has_is_refused_with_those_that_there_are(session: Session) -> None:
    sign_on(session, "wk_a", "cpu")
    sign_on(session, "wk_b", "cuda:0")
    assert check_device(session, {"device": "cuda:0"}, 30.0) == []
    assert check_device(session, {}, 30.0) == []
    with pytest.raises(InvalidSpec, match=r"no worker has cuda:1; expected auto, .*: cpu, cuda:0") as caught:
        check_device(session, {"device": "cuda:1"}, 30.0)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/device", "unknown_device")]


def test_named_device_without_any_worker_is_accepted_with_a_warning(session: Session) -> None:
    assert check_device(session, {"device": "cuda:0"}, 30.0) == [
        "no worker is alive; the job waits for one with the device cuda:0"
    ]


def facts(rows: int, hidden: int, device: str | None = None) -> dict[str, Any]:
    spec = {} if device is None else {"device": device}
    return device_facts(spec, [training_cost(NetworkConfig((hidden,)), (None,) * 10, 1, rows)])


def test_open_job_is_meant_for_a_gpu_where_a_step_is_large_and_says_why() -> None:
    # 10 * 5 * 9 + 5 * 9 = 495 parameters: 49,500 of rows x parameters.
    small = facts(100, 5)
    assert small["device"] == "cpu"
    assert "49,500 rows x parameters" in small["device_reason"]
    # By Levenberg-Marquardt all rows are in one step; by Adam a batch of 1,024, so only the network's size counts.
    assert facts(30_000, 5)["device"] == "cuda"
    assert facts(1_000_000, 5)["device"] == "cpu"
    assert facts(1_000_000, 1000)["device"] == "cuda"


def test_named_device_is_taken_as_it_is() -> None:
    assert facts(100, 5, "cuda:3") == {"device": "cuda:3", "device_reason": "as asked for"}
