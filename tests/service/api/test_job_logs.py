"""A job's log as pages, and its metrics as a table, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from service.domain.leasing import leases
from service.domain.leasing.leases import Batch
from tests.service.domain.leasing.test_leases import claim, queue_job

if TYPE_CHECKING:
    from tests.service.conftest import Api


@pytest.fixture
def where(session: Session) -> str:
    """The address of a job with 100 metrics, every tenth with a loss on the validation rows."""
    job_id = queue_job(session)
    for step in range(100):
        extra = {"validation_loss": 2.0 / (step + 1)} if step % 10 == 0 else {}
        metric = {"stage": 1, "name": "fit", "step": step, "train_loss": 1.0 / (step + 1), **extra}
        if step == 0:
            hold = claim(session)
        leases.record_progress(session, hold, Batch([("metric", metric)]), 1000)
    return f"/v1/jobs/{job_id}"


def test_events_are_paged_oldest_first(api: Api, where: str) -> None:
    seen, after = [], "0"
    while after is not None:
        page = api.get(f"{where}/events?limit=40&after={after}").json()
        seen += [event["seq"] for event in page["data"]]
        after = page["next_cursor"]
    assert seen == list(range(1, 103))


def test_metrics_come_column_by_column_with_both_ends(api: Api, where: str) -> None:
    table = api.get(f"{where}/metrics?max_points=12").json()
    assert (table["points"], table["kept"]) == (12, 100)
    series = table["series"]
    assert list(series) == ["seq", "at", "stage", "name", "step", "train_loss", "validation_loss"]
    assert series["step"] == [0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99]
    assert series["train_loss"] == [1.0 / (step + 1) for step in series["step"]]
    assert series["validation_loss"] == [2.0 / (s + 1) if s % 10 == 0 else None for s in series["step"]]
    assert series["at"][0].endswith("Z")


def test_metrics_are_csv_where_that_is_asked_for(api: Api, where: str) -> None:
    answer = api.get(f"{where}/metrics", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 100
    assert (rows[1]["step"], float(rows[1]["train_loss"]), rows[1]["validation_loss"]) == ("1", 0.5, "")


def test_metrics_that_are_known_are_304(api: Api, where: str) -> None:
    first = api.get(f"{where}/metrics")
    assert api.get(f"{where}/metrics", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_job_without_metrics_has_empty_series(api: Api, session: Session) -> None:
    table = api.get(f"/v1/jobs/{queue_job(session)}/metrics").json()
    assert (table["points"], table["series"]) == (0, {"seq": [], "at": []})
    assert api.get(f"/v1/jobs/{table['job']}/metrics", headers={"Accept": "text/csv"}).text == '"seq","at"\n'


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/v1/jobs/job_x/metrics", "*/*", 404),
        ("{where}/metrics?max_points=1", "*/*", 422),
        ("{where}/metrics?max_points=x", "*/*", 422),
        ("{where}/metrics", "image/png", 406),
        ("{where}/events", "image/png", 406),
        ("/v1/jobs/job_x/events", "*/*", 404),
        ("{where}/events?after=-1", "*/*", 422),
    ],
)
def test_wrong_question_is_a_problem(api: Api, where: str, path: str, accept: str, status: int) -> None:
    answer = api.get(path.format(where=where), headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
