"""Compare jobs over HTTP: accepted, dry, refused with pointers, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.service.conftest import Api

ROWS = "x1,x2,y\n" + "".join(f"{i / 100},{i % 7},{i / 50 + i % 7}\n" for i in range(200))


@pytest.fixture
def spec(api: Api) -> dict[str, Any]:
    created = api.post("/v1/datasets?name=toy", content=ROWS, headers={"Content-Type": "text/csv"})
    return {"kind": "compare", "dataset": created.json()["id"], "targets": ["y"], "preset": "quick", "seeds": [0, 4]}


def test_accepted_comparison_shows_what_it_will_run_and_names_no_model(api: Api, spec: dict[str, Any]) -> None:
    answer = api.post("/v1/jobs", json=spec)
    assert answer.status_code == 202
    job = api.get(answer.headers["Location"]).json()
    assert (job["kind"], job["status"], job["model"], job["spec"]) == ("compare", "queued", None, spec)
    assert job["resolved"]["baselines"] == ["mlp_parameters", "mlp_time", "linear"]
    assert job["resolved"]["seeds"] == [0, 4]
    assert [each["id"] for each in api.get("/v1/jobs").json()["data"]] == [job["id"]]


def test_dry_run_of_a_comparison_stores_nothing(api: Api, spec: dict[str, Any]) -> None:
    answer = api.post("/v1/jobs?dry_run=true", json=spec)
    assert (answer.status_code, answer.json()["kind"], answer.json()["model"]) == (200, "compare", None)
    assert answer.json()["parameters"] > 0
    fewer = api.post("/v1/jobs?dry_run=true", json={**spec, "seeds": spec["seeds"][:1], "baselines": ["linear"]}).json()
    assert answer.json()["expected_seconds"] > fewer["expected_seconds"] * len(spec["seeds"]) > 0
    assert api.get("/v1/jobs").json()["data"] == []


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("seeds", [], "/seeds"),
        ("seeds", [0, -1], "/seeds/1"),
        ("seeds", [1, 1], "/seeds/1"),
        ("baselines", ["forest"], "/baselines/0"),
        ("targets", ["nope"], "/targets/0"),
        ("dataset", "ds_nope", "/dataset"),
        ("preset", "nope", "/preset"),
        ("test_fraction", 0.0, "/test_fraction"),
        # Those of a train job only.
        ("model", "toy", "/model"),
        ("seed", 1, "/seed"),
        ("recipe", [{"stage": "fit"}], "/recipe"),
    ],
)
def test_wrong_value_is_422_and_nothing_is_stored(
    api: Api, spec: dict[str, Any], field: str, value: object, pointer: str
) -> None:
    answer = api.post("/v1/jobs", json={**spec, field: value})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert api.get("/v1/jobs").json()["data"] == []


@pytest.mark.parametrize("kind", ["juggle", 7, None, ["compare"]])
def test_unknown_kind_is_422_at_kind(api: Api, spec: dict[str, Any], kind: object) -> None:
    answer = api.post("/v1/jobs", json={**spec, "kind": kind})
    assert answer.status_code == 422
    assert "/kind" in [error["pointer"] for error in answer.json()["errors"]]


def test_queued_comparison_is_cancelled(api: Api, spec: dict[str, Any]) -> None:
    where = api.post("/v1/jobs", json=spec).headers["Location"]
    answer = api.post(f"{where}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")


def test_document_has_an_example_of_each_kind(api: Api) -> None:
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    kinds = [schemas[name]["examples"][0]["kind"] for name in ("TrainJobCreate", "CompareJobCreate")]
    assert kinds == ["train", "compare"]
