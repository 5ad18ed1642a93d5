"""Importance, and functions for an edge, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kan.encoding import LevelsInput, NumberInput, NumberOutput
from kan.importance_report import importance_report
from kan.snapped import with_formula
from kan.split import Part
from kan.state import EdgeFormula, NetworkState
from kan.statistics import with_statistics
from tests.kan.symbolic.trees import independent_value

BASE = "/v1/models/concrete/versions/1"
ROWS = 60
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.TEST] * (ROWS // 3), dtype=np.uint8)
X = np.random.default_rng(0).uniform(-1, 1, (ROWS, 2))


@pytest.fixture
def state(api: Any, publish: Any, network_of: Any) -> NetworkState:
    """The target is 2 sin(3 x + 0.5) + a curve of z, and a category."""
    columns = {"x": X[:, 0].tolist(), "z": X[:, 1].tolist(), "c": ["p", "q"] * (ROWS // 2), "y": X[:, 0].tolist()}
    found = api.post("/v1/datasets?name=a", json={"columns": columns})
    inputs = (
        NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),
        NumberInput("z", "z", 0.0, 1.0, -1.0, 1.0),
        LevelsInput("c", "c", ("p", "q"), (10, 10)),
    )
    made = network_of(inputs, (NumberOutput("y", 2.0, 1.5),))
    made = with_formula(made, 0, EdgeFormula(0, 0, "sin", 2.0, 3.0, 0.5, 0.0))
    made = with_statistics(made, network_rows())
    publish(made, dataset_id=found.json()["id"], split=PARTS.tobytes())
    return replace(made)


def network_rows() -> Any:
    """The training rows in network units; the category by its level."""
    return np.column_stack([X, np.arange(ROWS) % 2])[PARTS == Part.TRAIN]


def test_importance_is_the_librarys_on_the_training_rows(api: Any, state: NetworkState) -> None:
    response = api.get(BASE + "/importance")
    body = response.json()
    expected = importance_report(state, network_rows())
    assert {key: body[key] for key in expected} == expected
    assert (body["rows"], body["outputs"]) == (40, ["y"])
    again = api.get(BASE + "/importance", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_importance_without_the_data_set_is_gone(api: Any, state: NetworkState) -> None:
    known = {"If-None-Match": api.get(BASE + "/importance").headers["etag"]}
    assert api.delete(f"/v1/datasets/{api.get(BASE).json()['dataset']}?force=true").status_code == 204
    response = api.get(BASE + "/importance", headers=known)
    assert (response.status_code, response.json()["type"]) == (410, "/errors#training-data-gone")


def test_an_edge_that_is_a_sine_is_told_so(api: Any, state: NetworkState) -> None:
    body = api.get(BASE + "/activations/0/0/0/suggestions?library=sin&library=exp&library=x").json()
    assert len(body["data"]) == 3
    best = body["data"][0]
    assert best["function"] == "sin"
    assert best["r2"] == pytest.approx(1.0, abs=1e-9)
    assert (abs(best["a"]), abs(best["b"])) == (pytest.approx(2.0), pytest.approx(3.0))
    said = independent_value(best["text"], {"x": 0.3})
    assert said == pytest.approx(best["a"] * np.sin(best["b"] * 0.3 + best["c"]) + best["d"], abs=1e-2)
    short = api.get(BASE + "/activations/0/0/0/suggestions?library=sin&library=x&limit=1").json()
    assert short["data"] == [best]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/3/0/suggestions", 404),
        ("1/0/0/suggestions", 404),
        ("0/2/0/suggestions", 404),
        ("0/0/0/suggestions?library=nope", 422),
        ("0/0/0/suggestions?limit=0", 422),
    ],
)
def test_no_such_edge_or_function_is_refused(api: Any, state: NetworkState, path: str, status: int) -> None:
    response = api.get(f"{BASE}/activations/{path}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_an_edit_finds_the_constants_of_a_function_itself(api: Any, state: NetworkState) -> None:
    unfix = {"op": "unfix", "layer": 0, "source": 0, "target": 0}
    fix = {"op": "fix_symbolic", "layer": 0, "source": 1, "target": 0, "function": "x^2"}
    body = api.post(BASE + "/edits", json={"operations": [fix]}).json()
    best = api.get(BASE + "/activations/0/1/0/suggestions?library=x^2").json()["data"][0]
    edge = api.get(BASE.removesuffix("1") + "2/activations?layer=0&source=1&target=0").json()["layers"][0]["edges"][0]
    assert body["edit"]["certificate"]["rows"] == 40
    assert (edge["symbolic"]["function"], edge["symbolic"]["a"]) == ("x^2", best["a"])
    response = api.post(BASE + "/edits", json={"operations": [unfix, {**fix, "source": 2}]})
    assert response.json()["errors"][0]["pointer"] == "/operations/1/source"


def test_the_library_lists_every_function_with_its_domain(api: Any) -> None:
    found = {item["name"]: item for item in api.get("/v1/functions").json()["data"]}
    assert found["sin"]["text"] == "sin(x)"
    assert found["sqrt"]["domain"]["low"] == 0.0
    assert found["1/x"]["domain"]["poles"] == [0.0]
