"""Real tables beyond the quickstart: categories, missing values, classes, several targets; and what is refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.acceptance.conftest import Service

BIRD = {
    "island": ["Biscoe"],
    "bill_length_mm": [46.1],
    "bill_depth_mm": [13.2],
    "flipper_length_mm": [211],
    "body_mass_g": [4500],
    "sex": [None],
    "year": [2007],
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is learnt does not depend on the database; the quickstart runs on both."""
    return sqlite_url


def test_penguins_are_told_apart_with_missing_values(service: Service, penguins: bytes) -> None:
    dataset = service.upload("penguins", penguins)
    job = service.ended(service.submit(dataset=dataset, targets=["species"], preset="quick", model="penguins"))
    assert job["status"] == "succeeded", job
    assert job["result"]["metrics"]["test"]["accuracy"] > 0.95
    path = "/v1/models/penguins/versions/latest/predict"
    answer = service.http.post(path, json={"columns": BIRD}).json()
    assert answer["predictions"] == [["Gentoo"]]
    assert sum(answer["probabilities"][0]) == pytest.approx(1.0, abs=1e-12)
    unseen = service.http.post(path, json={"columns": BIRD | {"island": ["Atlantis"]}}).json()
    assert unseen["domain"]["outside"][0]["input"] == "island"


@pytest.mark.slow
def test_several_targets_are_learnt_together(service: Service) -> None:
    rows = [(i / 100, (i * 37 % 101) / 50) for i in range(200)]
    table = "x,z,sum,product\n" + "".join(f"{x},{z},{x + z},{1e6 * x * z}\n" for x, z in rows)
    dataset = service.upload("two", table.encode())
    job = service.ended(service.submit(dataset=dataset, targets=["sum", "product"], preset="quick", model="two"))
    assert job["status"] == "succeeded", job
    answer = service.http.post("/v1/models/two/versions/1/predict", json={"rows": [[0.5, 1.0]]}).json()
    assert answer["outputs"] == ["sum", "product"]
    assert answer["predictions"][0] == pytest.approx([1.5, 0.5e6], rel=0.02)


@pytest.mark.slow
def test_generated_data_are_learnt_without_noise(service: Service) -> None:
    generator = {"expression": "exp(sin(pi*x1)+x2**2)", "ranges": {"x1": [-1, 1], "x2": [-1, 1]}, "rows": 1000}
    answer = service.http.post("/v1/datasets", json={"name": "toy", "generator": generator | {"target": "y"}})
    assert answer.status_code == 201, answer.text
    job = service.ended(service.submit(dataset=answer.json()["id"], targets=["y"], preset="quick", model="toy"))
    assert job["result"]["metrics"]["test"]["r2"] > 0.99


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"network": {"hidden": [4000, 4000, 4000]}}, "too_many_parameters"),
    ({"targets": ["compressive_strenght"]}, "unknown_column"),
    ({"inputs": ["age", "compressive_strength"]}, "also_target"),
    ({"preset": "best"}, "unknown_preset"),
    ({"recipe": [{"stage": "refine", "grid": 7}], "network": {"grid": 3}}, "inexact_refinement"),
]


def test_impossible_jobs_are_refused_before_they_are_stored(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    for change, code in IMPOSSIBLE:
        spec = {"kind": "train", "dataset": dataset, "targets": ["compressive_strength"]} | change
        answer = service.http.post("/v1/jobs", json=spec)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["code"] == code
    assert service.http.get("/v1/jobs").json()["data"] == []


def test_csv_answer_reads_back_as_the_json_answer(service: Service, concrete: bytes) -> None:
    dataset = service.upload("concrete", concrete)
    service.ended(service.submit(dataset=dataset, model="concrete", targets=["compressive_strength"], preset="quick"))
    path = "/v1/models/concrete/versions/1/predict"
    table = b"\n".join(line.rsplit(b",", 1)[0] for line in concrete.splitlines()[:6])
    headers = {"Content-Type": "text/csv"}
    plain = service.http.post(path, content=table, headers=headers).json()["predictions"]
    answer = service.http.post(path, content=table, headers=headers | {"Accept": "text/csv"})
    assert [[float(value) for value in row] for row in list(csv.reader(io.StringIO(answer.text)))[1:]] == plain
