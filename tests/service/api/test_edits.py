"""Edits over HTTP: a draft with its certificate, dry runs, repeats, refusals that point at the operation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.split import Part
from kan.state import NetworkState

BASE = "/v1/models/concrete/versions"
EDITS = f"{BASE}/1/edits"
PRUNE = {"op": "prune_edge", "layer": 0, "source": 1, "target": 0}
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST, Part.UNUSED], dtype=np.uint8)
X = [[0.1, 0.2, -0.3, 0.4, 0.5, 0.9], [0.5, -0.5, 0.2, 0.7, -0.9, 0.0]]
Y = [1.0, 2.0, 3.0, 4.0, 5.0, None]


@pytest.fixture
def state(api: Any, publish: Any, network_of: Any) -> NetworkState:
    """Version 1: y of x and z, which is in mm, by two hidden nodes; with its data set."""
    found = api.post("/v1/datasets?name=a", json={"columns": {"x": X[0], "z": X[1], "y": Y}, "units": {"z": "mm"}})
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0), NumberInput("z", "z", 0.0, 1.0, -1.0, 1.0))
    made: NetworkState = network_of(inputs, (NumberOutput("y", 2.0, 1.5),), hidden=2)
    publish(made, dataset_id=found.json()["id"], split=PARTS.tobytes())
    return made


def predictions(api: Any, version: Any) -> np.ndarray[Any, Any]:
    return np.array(
        api.post(f"{BASE}/{version}/predict", json={"rows": list(zip(*X, strict=True))}).json()["predictions"]
    )


def test_an_edit_makes_a_draft_whose_certificate_is_the_change_of_the_training_rows(api: Any, state: Any) -> None:
    response = api.post(EDITS, json={"operations": [PRUNE]})
    assert (response.status_code, response.headers["location"]) == (201, f"{BASE}/2")
    body = response.json()
    assert (body["status"], body["edit"]["of"], body["edit"]["operations"]) == ("draft", 1, [PRUNE])
    assert body["parent"] == api.get(f"{BASE}/1").json()["id"]
    change = np.abs(predictions(api, 2) - predictions(api, 1))[:3, 0]
    certificate = body["edit"]["certificate"]
    assert (certificate["rows"], certificate["outputs"][0]["output"]) == (3, "y")
    assert certificate["outputs"][0]["max_change"] == pytest.approx(change.max(), rel=1e-12)
    assert certificate["outputs"][0]["rms_change"] == pytest.approx(np.sqrt(np.square(change).mean()), rel=1e-12)
    assert api.get(f"{BASE}/2").json() == body


def test_an_edit_with_a_number_as_javascript_writes_it_leaves_every_list_readable(api: Any, state: Any) -> None:
    # 1e20 there; more than 64 bits hold.
    large = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "x", "a": 10**20, "b": 1e-20}
    made = api.post(EDITS, json={"operations": [{**large, "c": 1, "d": 0}]})
    assert made.status_code == 201
    assert made.json()["edit"]["operations"][0]["a"] == 10**20
    assert api.get(f"{BASE}/2").headers["etag"] == made.headers["etag"]
    assert [row["version"] for row in api.get(BASE).json()["data"]] == [2, 1]
    assert api.get("/v1/models").status_code == 200


def test_metrics_before_and_after_are_those_of_the_two_predictions(api: Any, state: Any) -> None:
    body = api.post(EDITS, json={"operations": [PRUNE]}).json()
    for metrics, version in ((body["edit"]["metrics_before"], 1), (body["metrics"], 2)):
        error = predictions(api, version)[4, 0] - 5.0
        assert metrics["test"]["rmse"] == pytest.approx(abs(error), rel=1e-12)
        assert (metrics["train"]["rows"], metrics["validation"]["rows"]) == (3, 1)


def test_a_draft_is_no_latest_until_it_is_published(api: Any, state: Any) -> None:
    api.post(EDITS, json={"operations": [PRUNE]})
    assert api.get(f"{BASE}/latest").json()["version"] == 1
    assert api.get("/v1/models/concrete").json()["latest"]["version"] == 1
    assert [row["version"] for row in api.get(f"{BASE}?status=draft").json()["data"]] == [2]
    assert api.post(f"{BASE}/2/publish").json()["status"] == "published"
    assert api.post(f"{BASE}/2/publish").status_code == 200
    assert api.get(f"{BASE}/latest").json()["version"] == 2
    assert [row["version"] for row in api.get(f"{BASE}?status=published").json()["data"]] == [2, 1]


def test_a_column_that_is_pruned_leaves_the_signature_and_comes_back(api: Any, state: Any) -> None:
    without = api.post(EDITS, json={"operations": [{"op": "prune_input", "column": "z"}]}).json()
    assert [item["name"] for item in without["signature"]["inputs"]] == ["x"]
    assert api.post(f"{BASE}/2/predict", json={"rows": [[0.5]]}).status_code == 200
    restore = [{"op": "restore_edge", "layer": 0, "source": 1, "target": target} for target in (0, 1)]
    again = api.post(f"{BASE}/2/edits", json={"operations": restore}).json()
    assert [(item["name"], item["units"]) for item in again["signature"]["inputs"]] == [("x", None), ("z", "mm")]
    np.testing.assert_array_equal(predictions(api, 3), predictions(api, 1))


def test_the_certificate_of_a_column_that_comes_back_is_measured_with_its_values(api: Any, state: Any) -> None:
    api.post(EDITS, json={"operations": [{"op": "prune_input", "column": "z"}]})
    without = api.post(f"{BASE}/2/predict", json={"rows": [[x] for x in X[0]]}).json()["predictions"]
    restore = [{"op": "restore_edge", "layer": 0, "source": 1, "target": target} for target in (0, 1)]
    again = api.post(f"{BASE}/2/edits", json={"operations": restore}).json()
    change = np.abs(predictions(api, 3) - np.array(without))[:3, 0]
    assert again["edit"]["certificate"]["outputs"][0]["max_change"] == pytest.approx(change.max(), rel=1e-12)


def test_an_edit_may_be_published_at_once(api: Any, state: Any) -> None:
    body = api.post(f"{BASE}/latest/edits", json={"operations": [{"op": "refine", "grid": 6}], "publish": True}).json()
    assert (body["status"], body["signature"]["network"]["grid"]) == ("published", 6)
    np.testing.assert_allclose(predictions(api, "latest"), predictions(api, 1), rtol=1e-9)


def test_a_dry_run_stores_nothing(api: Any, state: Any) -> None:
    response = api.post(EDITS, json={"operations": [PRUNE], "dry_run": True})
    stored = api.post(EDITS, json={"operations": [PRUNE]}).json()
    assert response.status_code == 200
    assert (stored["version"], response.json()["edit"]) == (2, stored["edit"])


def test_an_edit_with_a_fit_is_a_job(api: Any, state: Any) -> None:
    body = {"operations": [PRUNE], "fit": {"steps": 5}}
    shown = api.post(EDITS, json={**body, "dry_run": True})
    assert (shown.status_code, shown.json()["kind"], api.get("/v1/jobs").json()["data"]) == (200, "edit", [])
    assert 0.1 <= shown.json()["expected_seconds"] < 1
    first, second = (api.post(EDITS, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, second.headers["idempotency-replayed"]) == (202, "true")
    assert second.json() == first.json() == api.get(first.headers["location"]).json()
    job = first.json()
    assert (job["kind"], job["model"], job["status"]) == ("edit", "concrete", "queued")
    assert [stage["steps"] for stage in job["resolved"]["recipe"]] == [5]
    assert len(api.get("/v1/jobs").json()["data"]) == 1
    assert api.get("/v1/models/concrete").json()["versions"] == 1


def test_a_fit_without_its_data_set_is_410_and_a_wrong_stage_422(api: Any, state: Any) -> None:
    wrong = api.post(EDITS, json={"operations": [PRUNE], "fit": {"stage": "choose"}})
    assert (wrong.status_code, [item["pointer"] for item in wrong.json()["errors"]]) == (422, ["/fit"])
    api.delete(f"/v1/datasets/{api.get(f'{BASE}/1').json()['dataset']}?force=true")
    gone = api.post(EDITS, json={"operations": [PRUNE], "fit": {}})
    assert (gone.status_code, gone.headers["content-type"]) == (410, "application/problem+json")


def test_a_repeat_with_the_same_key_makes_one_version(api: Any, state: Any) -> None:
    first, second = (
        api.post(EDITS, json={"operations": [PRUNE]}, headers={"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    other = api.post(EDITS, json={"operations": [PRUNE], "publish": True}, headers={"Idempotency-Key": "one"})
    assert other.status_code == 422
    assert api.get("/v1/models/concrete").json()["versions"] == 2


def test_the_kind_edit_is_the_same_job(api: Any, state: Any) -> None:
    body = {"operations": [PRUNE], "fit": {"steps": 5}, "publish": True}
    resolved = api.post(EDITS, json=body).json()["resolved"]
    api.request("PUT", "/v1/models/concrete/aliases/champion", json={"version": 1})
    spec = {"kind": "edit", "model": "concrete", "version": "champion", **body, "priority": 3, "labels": {"a": "b"}}
    shown = api.post("/v1/jobs?dry_run=true", json=spec)
    assert (shown.status_code, shown.json()["kind"], len(api.get("/v1/jobs").json()["data"])) == (200, "edit", 1)
    first, second = (api.post("/v1/jobs", json=spec, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, second.headers["idempotency-replayed"]) == (202, "true")
    job = first.json()
    assert (job["kind"], job["spec"], job["resolved"]) == ("edit", spec, resolved)
    assert (job["priority"], job["labels"], job["model"]) == (3, {"a": "b"}, "concrete")


WRONG_SPECS: list[tuple[dict[str, Any], str, str]] = [
    ({"operations": [{"op": "nope"}]}, "/operations/0/op", "invalid-edit"),
    ({"fit": {"stage": "starts"}}, "/fit", "invalid-edit"),
    ({"version": "nobody"}, "/version", "invalid-spec"),
    ({"model": "nothing"}, "/model", "invalid-spec"),
    ({"max_runtime_s": 0}, "/max_runtime_s", "invalid-spec"),
    ({"fit": None}, "/fit", "invalid-request"),
    ({"operations": []}, "/operations", "invalid-request"),
    ({"operation": []}, "/operation", "invalid-request"),
    ({"operations": [{"op": "\ud800"}]}, "", "invalid-request"),
]


def test_a_wrong_spec_of_the_kind_edit_is_pointed_at(api: Any, state: Any) -> None:
    for change, pointer, slug in WRONG_SPECS:
        spec = {"kind": "edit", "model": "concrete", "operations": [PRUNE], "fit": {"stage": "fit"}, **change}
        response = api.post("/v1/jobs", content=json.dumps(spec), headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["type"]) == (422, f"/errors#{slug}"), response.text
        assert response.json()["errors"][0]["pointer"] == pointer


def test_an_edit_job_without_the_data_set_is_410(api: Any, state: Any) -> None:
    assert api.delete(f"/v1/datasets/{api.get(f'{BASE}/1').json()['dataset']}?force=true").status_code == 204
    spec = {"kind": "edit", "model": "concrete", "operations": [PRUNE], "fit": {"stage": "fit"}}
    response = api.post("/v1/jobs", json=spec)
    assert (response.status_code, response.json()["type"]) == (410, "/errors#training-data-gone")


def test_without_the_data_set_the_answer_says_why_nothing_was_measured(api: Any, state: Any) -> None:
    dataset = api.get(f"{BASE}/1").json()["dataset"]
    assert api.delete(f"/v1/datasets/{dataset}?force=true").status_code == 204
    body = api.post(EDITS, json={"operations": [PRUNE]}).json()
    assert (body["metrics"], body["edit"]["certificate"]) == ({}, None)
    assert body["edit"]["unmeasured"].startswith("the data set that the version was trained on is gone")


@pytest.mark.parametrize(
    ("operations", "pointer"),
    [
        ([{"op": "nope"}], "/operations/0/op"),
        ([PRUNE, {**PRUNE, "source": 2}], "/operations/1/source"),
        ([{"op": "prune_edge", "layer": 0, "source": 1}], "/operations/0/target"),
        ([{**PRUNE, "layer": True}], "/operations/0/layer"),
        ([{"op": "refine", "grid": 4}], "/operations/0/grid"),
        ([PRUNE, {"op": "refine", "grid": 10**12}], "/operations/1"),
        ([], "/operations"),
        ([7], "/operations/0"),
    ],
)
def test_a_wrong_operation_is_refused_and_pointed_at(api: Any, state: Any, operations: Any, pointer: str) -> None:
    response = api.post(EDITS, json={"operations": operations})
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert [item["pointer"] for item in response.json()["errors"]] == [pointer]
    assert api.get("/v1/models/concrete").json()["versions"] == 1


def test_an_edit_of_nothing_is_404(api: Any, state: Any) -> None:
    assert api.post(f"{BASE}/2/edits", json={"operations": [PRUNE]}).status_code == 404
    assert api.post("/v1/models/none/versions/1/edits", json={"operations": [PRUNE]}).status_code == 404
    assert api.post(f"{BASE}/2/publish").status_code == 404


def test_a_model_of_drafts_alone_has_no_latest(api: Any, state: Any) -> None:
    api.post(EDITS, json={"operations": [PRUNE]})
    assert api.delete(f"{BASE}/1").status_code == 204
    body = api.get("/v1/models/concrete").json()
    assert (body["versions"], body["latest"]) == (1, None)
    assert api.get("/v1/models").json()["data"] == [body]
    assert api.get(f"{BASE}/latest").status_code == 404
    assert api.get(f"{BASE}/2").json()["parent"] is None
    assert api.get("/").status_code == 200


@pytest.mark.parametrize(("shift", "undefined"), [(0.25, 1), (-50.0, 3)])
def test_an_edit_that_leaves_rows_undefined_counts_them_and_can_still_be_drawn(
    api: Any, state: Any, shift: float, undefined: int
) -> None:
    edge = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "log"}
    response = api.post(EDITS, json={"operations": [edge | {"a": 1.0, "b": 1.0, "c": shift, "d": 0.0}]})
    assert response.status_code == 201, response.text
    certificate = response.json()["edit"]["certificate"]
    assert certificate["undefined_rows"] == undefined
    (output,) = certificate["outputs"]
    is_nowhere = undefined == certificate["rows"]
    assert (output["max_change"] is None, output["rms_change"] is None) == (is_nowhere, is_nowhere)
    assert (output["reason"] is not None) == is_nowhere
    assert ["log on edge (0, 0, 0)" in warning for warning in certificate["warnings"]] == [True]
    for part in ("/activations", "/plot.svg", "/importance"):
        assert api.get(f"{BASE}/2{part}").status_code < 500, part


@pytest.mark.parametrize("grid", [2**70, -(2**70), "\ud800"])
def test_what_no_network_can_have_is_refused(api: Any, state: Any, grid: Any) -> None:
    content = json.dumps({"operations": [{"op": "refine", "grid": grid}], "fit": {"stage": "fit", "steps": grid}})
    response = api.post(EDITS, content=content, headers={"Content-Type": "application/json", "Idempotency-Key": "a"})
    assert response.status_code == 422, response.text


def test_a_field_whose_name_is_half_a_character_is_refused(api: Any, state: Any) -> None:
    content = json.dumps({"operations": [{**PRUNE, "\ud800": 1}]})
    response = api.post(EDITS, content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["type"]) == (422, "/errors#invalid-request")
