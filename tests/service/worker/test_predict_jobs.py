"""Predict jobs by real worker processes: every row once and in order, also through a killed worker."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from kan.encoding import NumberInput, NumberOutput
from service.domain.tables.upload import PARQUET
from service.store.tables import JobRow

if TYPE_CHECKING:
    from tests.service.conftest import Api
    from tests.service.worker.conftest import Bench

ROWS, BAD = 4_000, 1_234


@pytest.fixture
def job_id(api: Api, publish: Any, network_of: Any, sessions: sessionmaker[Session]) -> str:
    """A job of small parts, so that there are many."""
    publish(network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),)))
    x = [None if row == BAD else row / ROWS for row in range(ROWS)]
    dataset = api.post("/v1/datasets?name=a", json={"columns": {"x": x, "y": [1.0] * ROWS}}).json()["id"]
    answer = api.post(
        "/v1/jobs", json={"kind": "predict", "model": "concrete", "version": "latest", "dataset": dataset}
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    with sessions() as session:
        small = {**job["resolved"], "part_rows": 10}
        session.execute(update(JobRow).where(JobRow.id == job["id"]).values(resolved=small))
        session.commit()
    return str(job["id"])


@pytest.mark.slow
def test_a_killed_worker_loses_no_row_and_makes_none_twice(api: Api, bench: Bench, job_id: str) -> None:
    first = bench.start_worker(run_class=None)
    bench.wait_for(job_id, lambda row: (row.progress or {}).get("done", 0) >= 100, 120)
    first.kill()
    first.wait()
    partial = api.get(f"/v1/jobs/{job_id}/predictions?offset=0&limit=50").json()
    assert (len(partial["rows"]), partial["total"]) == (50, ROWS)
    assert 0 < partial["done"] <= ROWS
    bench.start_worker(run_class=None)
    bench.wait_for_end(job_id, 120)
    job = api.get(f"/v1/jobs/{job_id}").json()
    assert (job["status"], job["error"]) == ("succeeded", None)
    assert job["result"] == {**job["result"], "model": "concrete", "version": 1, "rows": ROWS, "bad_rows": 1}
    # More often where the machine is so busy that a lease of 1.5 s ends by itself: that too may cost no row.
    assert bench.statuses(job_id).count("running") >= 2
    content = api.get(f"/v1/jobs/{job_id}/predictions?limit=100000", headers={"Accept": PARQUET}).content
    found = pl.read_parquet(io.BytesIO(content))
    assert found["row"].to_list() == list(range(ROWS))
    assert found.filter(pl.col("error").is_not_null())["row"].to_list() == [BAD]
    rows = {"rows": [[row / ROWS] for row in (0, 1, ROWS - 1)]}
    said = api.post("/v1/models/concrete/versions/1/predict", json=rows).json()["predictions"]
    assert [[found["prediction"][row]] for row in (0, 1, ROWS - 1)] == said
