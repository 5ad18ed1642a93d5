"""Formulas over HTTP: what they compute is what the version predicts, in the units of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.snapped import with_formula
from kan.split import Part
from kan.state import EdgeFormula, NetworkState

BASE = "/v1/models/concrete/versions/1"
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST] * 10, dtype=np.uint8)
ROWS = np.random.default_rng(0).uniform([0.0, 10.0], [4.0, 30.0], (40, 2))


@pytest.fixture
def splines(network_of: Any) -> NetworkState:
    inputs = (NumberInput("age", "age", 2.0, 2.0, 0.0, 4.0), NumberInput("b c", "b c", 20.0, 10.0, 10.0, 30.0))
    made: NetworkState = network_of(inputs, (NumberOutput("y", 5.0, 3.0),), hidden=1)
    return made


@pytest.fixture
def state(api: Any, publish: Any, splines: NetworkState) -> NetworkState:
    """exp(sin(…) + …^2), with a data set whose target is what it predicts, and its double in one test row."""
    edges = [(0, EdgeFormula(0, 0, "sin", 0.5, 3.1234567, 0.2, 0.1)), (0, EdgeFormula(1, 0, "x^2", 0.7, 0.9, 0.3, 0.0))]
    made = splines
    for layer, edge in [*edges, (1, EdgeFormula(0, 0, "exp", 1.2, 0.8, 0.1, -0.4))]:
        made = with_formula(made, layer, edge)
    publish(made, "other")
    target = api.post("/v1/models/other/versions/1/predict", json={"rows": ROWS.tolist()}).json()["predictions"]
    columns = {"age": ROWS[:, 0].tolist(), "b c": ROWS[:, 1].tolist(), "y": [value for (value,) in target]}
    found = api.post("/v1/datasets?name=a", json={"columns": columns, "units": {"age": "day"}})
    publish(made, dataset_id=found.json()["id"], split=PARTS.tobytes())
    return made


def predictions(api: Any) -> Any:
    return np.array(api.post(BASE + "/predict", json={"rows": ROWS.tolist()}).json()["predictions"])[:, 0]


def computed(source: str) -> Any:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return np.array([scope["predict"](*row) for row in ROWS])


def test_python_source_computes_what_is_predicted(api: Any, state: NetworkState) -> None:
    source = api.get(BASE + "/formula?format=python").text
    np.testing.assert_allclose(computed(source), predictions(api), rtol=1e-12)


def test_json_has_every_notation_and_how_near_it_is(api: Any, state: NetworkState) -> None:
    body = api.get(BASE + "/formula").json()
    (formula,) = body["formulas"]
    for notation in ("text", "latex", "mathml", "python", "c"):
        assert api.get(f"{BASE}/formula?format={notation}").text == formula[notation] + "\n"
    assert [item["column"] for item in body["variables"]] == ["age", "b c"]
    assert (formula["output"], formula["kind"], formula["digits"]) == ("y", "value", None)
    assert (formula["max_difference"], formula["rms_difference"]) == (0.0, 0.0)
    assert formula["r2_network"] == pytest.approx(1.0, abs=1e-12)
    assert formula["r2_test"] == pytest.approx(1.0, abs=1e-12)


def test_short_numbers_cost_what_is_told(api: Any, state: NetworkState) -> None:
    (formula,) = api.get(BASE + "/formula?digits=3").json()["formulas"]
    change = np.abs(computed(formula["python"]) - predictions(api))[PARTS == Part.TRAIN]
    assert len(formula["text"]) < len(api.get(BASE + "/formula?format=text").text)
    assert formula["digits"] >= 3
    assert 0 < formula["rms_difference"] <= 1e-3 * predictions(api)[PARTS == Part.TRAIN].std()
    assert formula["max_difference"] == pytest.approx(change.max(), rel=1e-6)
    assert 1 - 1e-5 < formula["r2_network"] < 1


def test_a_known_formula_is_304(api: Any, state: NetworkState) -> None:
    etag = api.get(BASE + "/formula?digits=3").headers["etag"]
    assert api.get(BASE + "/formula?digits=3", headers={"If-None-Match": etag}).status_code == 304
    assert api.get(BASE + "/formula?digits=4", headers={"If-None-Match": etag}).status_code == 200


def test_splines_are_409_and_named(api: Any, publish: Any, splines: NetworkState) -> None:
    publish(with_formula(splines, 0, EdgeFormula(0, 0, "sin", 1.0, 1.0, 0.0, 0.0)))
    response = api.get(BASE + "/formula")
    assert (response.status_code, response.json()["type"]) == (409, "/errors#not-symbolic")
    assert [item["pointer"] for item in response.json()["errors"]] == ["/activations/0/1/0", "/activations/1/0/0"]


def test_without_the_data_set_the_formula_is_exact_or_gone(api: Any, state: NetworkState) -> None:
    assert api.delete(f"/v1/datasets/{api.get(BASE).json()['dataset']}?force=true").status_code == 204
    (formula,) = api.get(BASE + "/formula").json()["formulas"]
    assert (formula["r2_network"], formula["r2_test"]) == (None, None)
    assert api.get(BASE + "/formula?digits=4").status_code == 410


@pytest.mark.parametrize("query", ["format=pdf", "digits=0", "digits=18"])
def test_an_odd_parameter_is_refused(api: Any, state: NetworkState, query: str) -> None:
    assert api.get(f"{BASE}/formula?{query}").status_code == 422


def test_a_formula_nobody_could_read_is_409(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),)
    wide = network_of(inputs, (NumberOutput("y", 0.0, 1.0),), hidden=1200)
    first, last = wide.layers
    sines = tuple(EdgeFormula(0, target, "sin", 1.0, 1.0 + target, 0.0, 0.0) for target in range(1200))
    into = tuple(EdgeFormula(source, 0, "exp", 1.0, 1.0, 0.0, 0.0) for source in range(1200))
    for layer, edges in ((0, sines), (1, into)):
        for edge in edges:
            wide = with_formula(wide, layer, edge)
    assert first.outputs == last.inputs == 1200
    publish(wide)
    response = api.get(BASE + "/formula")
    assert (response.status_code, response.json()["type"]) == (409, "/errors#formula-too-large")
