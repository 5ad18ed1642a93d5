"""Predict jobs over HTTP: accepted, dry, refused with pointers, and their pages in every format."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from sqlalchemy.orm import Session, sessionmaker

from kan.encoding import NumberInput, NumberOutput
from service.api.table_formats import FILE_FORMATS
from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import finish_with_answer
from service.domain.leasing.leases import record_checkpoint
from service.domain.predict_jobs.run import PredictionRun
from service.settings import Settings
from service.store.blobs import get_blob, write_blob
from service.store.datasets import find_dataset

ROWS = 2_500


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The kind of database does not matter here."""
    return sqlite_url


@pytest.fixture
def spec(api: Any, publish: Any, network_of: Any) -> dict[str, Any]:
    publish(network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),)))
    columns = {"x": [None if row == 7 else row / ROWS for row in range(ROWS)], "y": [1.0] * ROWS, "z": ["a"] * ROWS}
    dataset = api.post("/v1/datasets?name=a", json={"columns": columns}).json()["id"]
    return {"kind": "predict", "model": "concrete", "version": 1, "dataset": dataset}


def work(write: sessionmaker[Session], parts: int | None = None) -> None:
    """Does what a worker does with the next job, so many parts of it, without processes."""
    with write() as session:
        claimed = claim_next_job(session, "worker", 60.0)
        assert claimed is not None
        hold, row = claimed
        resolved = {**(row.resolved or {}), "part_rows": 1_000}
        dataset = find_dataset(session, str(row.dataset_id))
        assert dataset is not None
        with tempfile.TemporaryFile() as table:
            write_blob(session, dataset.blob_sha256, table)
            start = get_blob(session, resolved["init"]["sha256"])
            run = PredictionRun(resolved, table, {"x": "number", "y": "number"}, None, start)
        session.commit()
        for number, update in enumerate(run, start=1):
            part = run.moment()
            record_checkpoint(session, hold, run.checkpoint(), update.progress, part)
            if number == parts:
                return
        finish_with_answer(session, hold, run.result or {})


def test_an_accepted_job_settles_what_its_version_means(api: Any, spec: dict[str, Any]) -> None:
    answer = api.post("/v1/jobs", json={**spec, "version": "latest", "labels": {"a": "b"}})
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["status"], job["dataset"], job["model"]) == (
        "predict",
        "queued",
        spec["dataset"],
        "concrete",
    )
    assert job["spec"] == {**spec, "version": "latest", "labels": {"a": "b"}}
    assert [each["id"] for each in api.get("/v1/jobs?model=concrete").json()["data"]] == [job["id"]]
    assert (job["resolved"]["init"]["version"], job["resolved"]["rows"]) == (1, ROWS)


def test_a_dry_run_stores_nothing(api: Any, spec: dict[str, Any]) -> None:
    answer = api.post("/v1/jobs?dry_run=true", json=spec)
    assert (answer.status_code, answer.json()["kind"], answer.json()["resolved"]["outputs"]) == (200, "predict", ["y"])
    assert api.get("/v1/jobs").json()["data"] == []


WRONG: list[tuple[str, object, str]] = [
    ("model", "nope", "/model"),
    ("version", 9, "/version"),
    ("version", "champion", "/version"),
    ("version", 0, "/version"),
    ("dataset", "ds_nope", "/dataset"),
    ("max_runtime_s", 0, "/max_runtime_s"),
    ("targets", ["y"], "/targets"),
    ("domain", "warn", "/domain"),
]


def test_a_wrong_value_is_422_and_nothing_is_stored(api: Any, spec: dict[str, Any]) -> None:
    for field, value, pointer in WRONG:
        answer = api.post("/v1/jobs", json={**spec, field: value})
        assert answer.status_code == 422, field
        assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert api.get("/v1/jobs").json()["data"] == []


def test_a_data_set_without_the_columns_is_refused(api: Any, spec: dict[str, Any]) -> None:
    for columns in ({"q": [1, 2]}, {"x": ["a", "b", "a"]}):
        other = api.post("/v1/datasets?name=b", json={"columns": columns}).json()["id"]
        answer = api.post("/v1/jobs", json={**spec, "dataset": other})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "other_columns")


def test_pages_of_all_formats_hold_every_row_once(api: Any, spec: dict[str, Any], write: sessionmaker[Session]) -> None:
    job = api.post("/v1/jobs", json=spec).json()["id"]
    url = f"/v1/jobs/{job}/predictions"
    empty = api.get(url).json()
    assert (empty["done"], empty["total"], empty["rows"], empty["status"]) == (0, ROWS, [], "queued")
    work(write)
    page = api.get(f"{url}?offset=995&limit=10").json()
    assert (page["status"], page["done"], page["bad_rows"], page["rows"]) == (
        "succeeded",
        ROWS,
        1,
        list(range(995, 1005)),
    )
    said = api.post("/v1/models/concrete/versions/1/predict", json={"rows": [[row / ROWS] for row in page["rows"]]})
    assert page["predictions"] == said.json()["predictions"]
    assert page["residual"][0] == [1.0 - page["predictions"][0][0]]
    bad = api.get(f"{url}?offset=7&limit=1").json()
    assert (bad["predictions"], bad["errors"]) == ([None], ["column 'x' has no value; in training it always had one"])
    readers: dict[str, Callable[[Any], pl.DataFrame]] = {
        "text/csv": pl.read_csv,
        "application/x-ndjson": pl.read_ndjson,
        "application/vnd.apache.parquet": pl.read_parquet,
        "application/vnd.apache.arrow.stream": pl.read_ipc_stream,
    }
    for media_type in FILE_FORMATS:
        response = api.get(f"{url}?limit=100000", headers={"Accept": media_type})
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, media_type)
        if media_type in readers:
            assert readers[media_type](io.BytesIO(response.content))["row"].to_list() == list(range(ROWS))
    assert api.get(f"{url}?offset=9999").json()["rows"] == []
    beyond = api.get(f"{url}?offset=9999", headers={"Accept": "text/csv"})
    assert beyond.text.splitlines() == ['"row","prediction","actual","residual","outside","error"']


def test_a_page_of_too_many_values_is_refused_and_says_which_limit_fits(
    api: Any, spec: dict[str, Any], write: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = api.post("/v1/jobs", json=spec).json()["id"]
    work(write)
    # Row, prediction, actual, residual, outside, error.
    monkeypatch.setattr("service.domain.predict_jobs.reading.MOST_VALUES", 6 * 900)
    url = f"/v1/jobs/{job}/predictions"
    refused = api.get(f"{url}?limit=901")
    assert (refused.status_code, refused.json()["type"]) == (413, "/errors#body-too-large")
    assert "a limit of at most 900" in refused.json()["detail"]
    assert api.get(f"{url}?limit=901", headers={"Accept": "text/csv"}).status_code == 413
    assert len(api.get(f"{url}?limit=900").json()["rows"]) == 900
    assert len(api.get(f"{url}?limit=100000&offset={ROWS - 900}").json()["rows"]) == 900


def test_what_is_there_is_read_while_the_job_runs_and_known_by_its_etag(
    api: Any, spec: dict[str, Any], write: sessionmaker[Session]
) -> None:
    job = api.post("/v1/jobs", json=spec).json()["id"]
    work(write, parts=1)
    first = api.get(f"/v1/jobs/{job}/predictions?limit=5000")
    assert (first.json()["status"], first.json()["done"], len(first.json()["rows"])) == ("running", 1_000, 1_000)
    same = api.get(f"/v1/jobs/{job}/predictions?limit=5000", headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304


def test_deleting_the_job_deletes_its_predictions(api: Any, spec: dict[str, Any], write: sessionmaker[Session]) -> None:
    job = api.post("/v1/jobs", json=spec).json()["id"]
    work(write)
    assert api.delete(f"/v1/jobs/{job}").status_code == 204
    assert api.get(f"/v1/jobs/{job}/predictions").json()["type"] == "/errors#job-not-found"


def test_another_job_has_no_predictions(api: Any, spec: dict[str, Any]) -> None:
    train = {"kind": "train", "dataset": spec["dataset"], "targets": ["y"], "inputs": ["x"], "preset": "quick"}
    columns = {"x": list(range(50)), "y": list(range(50))}
    train["dataset"] = api.post("/v1/datasets?name=c", json={"columns": columns}).json()["id"]
    job = api.post("/v1/jobs", json=train).json()["id"]
    response = api.get(f"/v1/jobs/{job}/predictions")
    assert (response.status_code, response.json()["type"]) == (409, "/errors#no-predictions")
    refused = api.get(f"/v1/jobs/{job}/predictions", headers={"Accept": "image/png"})
    assert refused.json()["type"] == "/errors#not-acceptable"


def test_a_prediction_that_is_too_large_names_the_job(api_of: Any, settings: Settings, spec: dict[str, Any]) -> None:
    api = api_of(settings.model_copy(update={"max_prediction_rows": 2, "max_prediction_bytes": 2_000}))
    url = "/v1/models/concrete/versions/1/predict"
    for options in (
        {"json": {"rows": [[0.1]] * 3}},
        {"json": {"columns": {"x": [0.1] * 3}}},
        {"content": "x\n1\n2\n3\n", "headers": {"Content-Type": "text/csv"}},
        {"content": '{"x": 1}\n' * 3, "headers": {"Content-Type": "application/x-ndjson"}},
        {"json": {"rows": [[0.123456789]] * 300}},
    ):
        response = api.post(url, **options)
        assert (response.status_code, response.json()["type"]) == (413, "/errors#body-too-large")
        assert '{"kind": "predict"' in response.json()["detail"]
