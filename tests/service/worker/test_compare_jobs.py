"""Comparisons by real worker processes: to a result in words, through a killed worker, and cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.domain.job_verbs import cancel_job

if TYPE_CHECKING:
    from tests.service.conftest import Api
    from tests.service.worker.conftest import Bench

ROWS = "a,b,y\n" + "".join(f"{i % 13},{i % 7},{(i % 13) ** 2 + i % 7}\n" for i in range(60))
NETWORK = {"hidden": [], "grid": 3}


def submitted(api: Api, **changes: Any) -> str:
    created = api.post("/v1/datasets?name=toy", content=ROWS, headers={"Content-Type": "text/csv"})
    spec = {"kind": "compare", "dataset": created.json()["id"], "targets": ["y"], "network": NETWORK, "preset": "quick"}
    answer = api.post("/v1/jobs", json={**spec, "seeds": [0], **changes})
    return str(answer.json()["id"])


@pytest.mark.slow
def test_killed_worker_is_replaced_and_finished_sides_are_kept(api: Api, bench: Bench) -> None:
    job_id = submitted(api, baselines=["linear"])
    first = bench.start_worker(run_class=None)
    bench.wait_for(job_id, lambda row: row.checkpoint_sha256 is not None, 120)
    first.kill()
    first.wait()
    bench.start_worker(run_class=None)
    bench.wait_for_end(job_id, 240)
    job = api.get(f"/v1/jobs/{job_id}").json()
    assert (job["status"], job["error"], job["progress"]["fraction"]) == ("succeeded", None, 1.0)
    assert bench.statuses(job_id).count("running") == 2
    sides = ["kan", "formula", "linear"]
    assert [side["name"] for side in job["result"]["sides"]] == sides
    assert job["result"]["advice"].startswith("Take ")
    ended = [event.data["name"] for event in bench.events(job_id, "stage") if event.data.get("ended")]
    # The first side may have been told twice, if its worker died before the checkpoint was written down.
    assert sorted(set(ended), key=ended.index) == sides
    assert bench.versions(job_id) == []


def test_running_comparison_is_cancelled(api: Api, bench: Bench, sessions: sessionmaker[Session]) -> None:
    job_id = submitted(api, seeds=list(range(20)))
    bench.start_worker(run_class=None)
    bench.wait_for(job_id, lambda row: row.progress is not None, 120)
    with sessions() as session:
        cancel_job(session, job_id)
    row = bench.wait_for_end(job_id, 20)
    assert (row.status, row.reason, row.result) == ("cancelled", "user_cancelled", None)
