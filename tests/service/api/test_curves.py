"""Curves over HTTP: exact enough to rebuild a prediction, cached, harmless."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import BSpline

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState

BASE = "/v1/models/concrete/versions/1"


def rebuilt(found: dict[str, Any], row: dict[str, float]) -> float:
    """The prediction from the JSON alone, by scipy's splines; for number columns."""
    values = []
    for item in found["encoding"]:
        counted = min(max(row[item["column"]], item.get("floor", -np.inf)), item.get("ceiling", np.inf))
        values.append((counted - item["shift"]) / item["scale"])
    for layer in found["layers"]:
        nodes = [0.0] * len(layer["outputs"])
        for edge in layer["edges"]:
            x = values[edge["source"]]
            knots, degree = np.array(edge["knots"]), edge["degree"]
            low, high = knots[degree], knots[-degree - 1]
            spline = BSpline(knots, np.array(edge["coefficients"]), degree)
            inside = min(max(x, low), np.nextafter(high, low))
            value = float(spline(inside)) + (x - inside) * float(spline.derivative()(inside))
            silu = x / (1 + np.exp(-x))
            nodes[edge["target"]] += edge["mask"] * (edge["spline_weight"] * value + edge["base"]["weight"] * silu)
        values = nodes
    decoding = found["decoding"][0]
    return float(decoding["mean"] + decoding["std"] * values[0])


def test_a_prediction_is_rebuilt_from_the_json_alone(api: Any, publish: Any, network_of: Any) -> None:
    inputs = (
        NumberInput("a", "a", 1.0, 2.0, -1.0, 3.0),
        NumberInput("b", "b", 0.0, 5.0, -5.0, 5.0, floor=-6.25, ceiling=6.25),
    )
    publish(network_of(inputs, (NumberOutput("y", 3.0, 2.5),), hidden=2))
    found = api.get(BASE + "/activations").json()
    for row in ({"a": 0.3, "b": 2.0}, {"a": 9.0, "b": -6.0}, {"a": 9.0, "b": -30.0}):
        (said,) = api.post(BASE + "/predict", json={"rows": [list(row.values())]}).json()["predictions"][0]
        assert rebuilt(found, row) == pytest.approx(said, rel=1e-9)


def test_edges_are_filtered_and_sampled(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    found = api.get(BASE + "/activations?layer=0&source=1&target=2&points=7&range=data").json()
    ((edge,),) = [layer["edges"] for layer in found["layers"]]
    assert (edge["layer"], edge["source"], edge["target"], len(edge["x"])) == (0, 1, 2, 7)
    kinds = {e["source"]: e["kind"] for e in api.get(BASE + "/activations?layer=0").json()["layers"][0]["edges"]}
    assert kinds == {0: "spline", 1: "spline", 2: "levels", 3: "spline", 4: "levels"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("layer=5", 404), ("source=99", 404), ("points=1", 422), ("points=2001", 422), ("range=x", 422)],
)
def test_what_is_not_there_is_refused(
    api: Any, publish: Any, regression: NetworkState, query: str, status: int
) -> None:
    publish(regression)
    assert api.get(f"{BASE}/activations?{query}").status_code == status


def test_curves_of_a_number_are_kept_for_ever(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    response = api.get(BASE + "/activations")
    assert "immutable" in response.headers["cache-control"]
    again = api.get(BASE + "/activations", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_units_of_the_data_set_go_with_the_curves(api: Any, publish: Any, network_of: Any) -> None:
    state = network_of((NumberInput("age", "age", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),))
    table = {"columns": {"age": [1, 2, 3], "y": [1, 4, 9]}, "units": {"age": "day", "y": "MPa"}}
    dataset = api.post("/v1/datasets?name=u", json=table).json()
    row = publish(state, dataset_id=dataset["id"])
    assert row.signature["inputs"][0]["units"] == "day"
    found = api.get(BASE + "/activations").json()
    assert (found["encoding"][0]["units"], found["decoding"][0]["units"]) == ("day", "MPa")


def with_units(api: Any, publish: Any, network_of: Any) -> Any:
    inputs = (NumberInput("age", "age", 28.0, 27.0, 1.0, 55.0),)
    table = {"columns": {"age": [1, 28, 55], "y": [1, 4, 9]}, "units": {"age": "day", "y": "MPa"}}
    dataset = api.post("/v1/datasets?name=u", json=table).json()
    return publish(network_of(inputs, (NumberOutput("y", 0.0, 1.0),), hidden=2), dataset_id=dataset["id"])


@pytest.mark.parametrize("query", ["", "?theme=dark&points=10&range=data"])
def test_one_edge_is_svg_with_axes_in_the_units_of_the_data(
    api: Any, publish: Any, network_of: Any, query: str
) -> None:
    with_units(api, publish, network_of)
    response = api.get(BASE + "/activations/0/0/1.svg" + query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "age (day)" in response.text
    assert "adds to y (MPa)" in api.get(BASE + "/activations/1/0/0.svg").text
    again = api.get(BASE + "/activations/0/0/1.svg" + query, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2/0/0.svg", 404),
        ("0/1/0.svg", 404),
        ("0/0/2.svg", 404),
        ("0/0/-1.svg", 422),
        ("0/0/x.svg", 422),
        ("0/0/0.svg?theme=blue", 422),
        ("0/0/0.svg?points=2001", 422),
        ("0/0/0.svg?range=all", 422),
    ],
)
def test_edge_that_cannot_be_drawn_is_a_problem(
    api: Any, publish: Any, network_of: Any, path: str, status: int
) -> None:
    with_units(api, publish, network_of)
    response = api.get(f"{BASE}/activations/{path}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
