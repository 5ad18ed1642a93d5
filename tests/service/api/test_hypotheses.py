"""Hypotheses over HTTP, put to versions that are known functions, and to a network of splines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kan.encoding import LevelsInput, NumberInput, NumberOutput
from kan.split import Part

RANGES = {"a": [0.5, 2.0], "b": [1.0, 3.0], "c": [-1.0, 1.0]}


def asked(api: Any, expression: str, **body: Any) -> Any:
    made = api.post("/v1/models", json={"name": "toy", "expression": expression, "ranges": RANGES}).json()
    return api.post(f"/v1/models/toy/versions/{made['version']}/hypotheses", json=body)


@pytest.mark.parametrize(
    ("expression", "test", "inputs", "kind", "holds"),
    [
        ("sin(a*c) + exp(b) + 100", "separability", ["a", "c"], "additive", True),
        ("sin(a*c) + b + 100", "separability", ["a"], "additive", False),
        ("sin(3*a)*b**2", "separability", ["b"], "multiplicative", True),
        ("sin(3*a)*b**2 + c", "separability", ["b"], "multiplicative", False),
        ("tanh(a + b)*c", "symmetry", ["a", "b"], "sum", True),
        ("gaussian(a - b) + c", "symmetry", ["a", "b"], "difference", True),
        ("log(a*b) + c", "symmetry", ["b", "a"], "product", True),
        ("sqrt(a/b + 2 + c)", "symmetry", ["a", "b"], "ratio", True),
        ("sqrt(a/b + 2 + c)", "symmetry", ["a", "b"], "product", False),
    ],
)
def test_verdict_is_what_the_expression_says(
    api: Any, expression: str, test: str, inputs: list[str], kind: str, holds: bool
) -> None:
    response = asked(api, expression, test=test, inputs=inputs, kind=kind)
    body = response.json()
    assert response.status_code == 200, response.text
    (found,) = body["outputs"]
    assert (found["output"], found["holds"]) == ("y", holds)
    assert (found["score"] < 0.01) == holds
    assert ("not" in found["verdict"]) != holds
    assert (body["threshold"], body["rows"]) == (0.01, 1000)
    assert "no data set" in body["drawn"]


def test_a_spline_network_without_hidden_layer_is_a_sum_whatever_its_columns_are(
    api: Any, publish: Any, network_of: Any
) -> None:
    inputs = (NumberInput("x", "x", 3.0, 2.0, 1.0, 5.0), LevelsInput("site", "site", ("north", "south"), (5, 5)))
    x, sites = np.linspace(1, 5, 10).tolist(), ["north", "south"] * 5
    columns = {"x": x, "site": sites, "y": x}
    dataset = api.post("/v1/datasets?name=a", json={"columns": columns}).json()["id"]
    parts = np.array([Part.TRAIN] * 8 + [Part.TEST] * 2, np.uint8)
    publish(network_of(inputs, (NumberOutput("y", 2.0, 1.5),)), dataset_id=dataset, split=parts.tobytes())
    address = "/v1/models/concrete/versions/latest/hypotheses"
    body = api.post(address, json={"test": "separability", "inputs": ["site"], "kind": "additive"}).json()
    assert (body["rows"], body["drawn"]) == (8, None)
    assert body["outputs"][0]["score"] < 1e-12
    strict = {"test": "separability", "inputs": ["x"], "kind": "multiplicative", "threshold": 1e-6}
    assert not api.post(address, json=strict).json()["outputs"][0]["holds"]
    symmetry = {"test": "symmetry", "inputs": ["x", "site"], "kind": "sum"}
    assert api.post(address, json=symmetry).json()["errors"][0]["pointer"] == "/inputs"


def test_an_output_that_does_not_depend_on_them_has_no_score(api: Any) -> None:
    (found,) = asked(api, "c + 0*a", test="symmetry", inputs=["a", "b"], kind="sum").json()["outputs"]
    assert (found["score"], found["holds"]) == (None, False)
    assert "nothing can be said" in found["verdict"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"test": "separability", "inputs": ["a", "b", "c"], "kind": "additive"}, "/inputs"),
        ({"test": "separability", "inputs": ["a", "nope"], "kind": "additive"}, "/inputs/1"),
        ({"test": "separability", "inputs": ["a", "a"], "kind": "additive"}, "/inputs"),
        ({"test": "separability", "inputs": ["a"], "kind": "sum"}, "/kind"),
        ({"test": "symmetry", "inputs": ["a"], "kind": "sum"}, "/inputs"),
        ({"test": "symmetry", "inputs": ["a", "b"], "kind": "additive"}, "/kind"),
        ({"test": "magic", "inputs": ["a", "b"], "kind": "sum"}, "/test"),
        ({"test": "symmetry", "inputs": [], "kind": "sum"}, "/inputs"),
        ({"test": "symmetry", "inputs": ["a", "b"], "kind": "sum", "threshold": 0}, "/threshold"),
    ],
)
def test_what_cannot_be_tested_is_pointed_at(api: Any, body: dict[str, Any], pointer: str) -> None:
    response = asked(api, "a + b*c", **body)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_hypothesis_about_nothing_is_404(api: Any) -> None:
    body = {"test": "symmetry", "inputs": ["a", "b"], "kind": "sum"}
    assert api.post("/v1/models/none/versions/1/hypotheses", json=body).status_code == 404
