"""The curves' JSON alone rebuilds a prediction: by an evaluator that knows this JSON and scipy, and nothing of kan."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import BSpline

from kan.curves import activations, node_names, sum_names
from kan.encoding import Encoding, decode, encode, learn_encoding, probabilities
from kan.errors import InvalidConfig
from kan.predictor import evaluate
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import mixed_network, random_layer, random_network, with_statistics

EDGE_FIELDS = {
    "layer", "source", "target", "kind", "mask", "symbolic", "x", "y", "x_user", "y_user", "derivative", "importance",
    "formula", "formula_user", "r2", "density", "range",
}  # fmt: skip
SPLINE_FIELDS = {"degree", "knots", "coefficients", "spline_weight", "base", "outside"}
LEVELS_FIELDS = {"levels", "values", "unseen"}
SYMBOLIC: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "tanh": math.tanh,
    "x^2": lambda x: x * x,
    "gaussian": lambda x: math.exp(-x * x),
}

TABLE: dict[str, Any] = {
    "age": np.array([1.0, 50.0, 20.0, 365.0, 90.0, -400.0, 9e5]),
    "dose": np.array([0.1, np.nan, 0.3, 0.2, 0.6, np.nan, -3.0]),
    "island": np.array(["b", "a", None, "a", "b", "never seen", None], dtype=object),
    "y": np.array([1.0, 2.0, 4.0, 3.0, 9.0, 0.0, 0.0]),
    "z": np.array([1e6, 2e6, -4e6, 3e6, 9e6, 0.0, 0.0]),
    "kind": np.array(["p", "q", "r", "p", "q", "p", "p"], dtype=object),
}


def rebuilt(curves: Any, row: dict[str, Any]) -> list[float]:
    """Gives the answer for one row of a table from the JSON alone."""
    values = [rebuilt_input(item, row[item["column"]]) for item in curves["encoding"]]
    for layer in curves["layers"]:
        sums = [0.0] * (1 + max(edge["target"] for edge in layer["edges"]))
        for edge in layer["edges"]:
            sums[edge["target"]] += rebuilt_edge(edge, values[edge["source"]])
        values = [sums[at] for at, node in enumerate(layer["nodes"]) if node["kind"] == "sum"]
        values += [math.prod(sums[k] for k in node["of"]) for node in layer["nodes"] if node["kind"] == "product"]
    first = curves["decoding"][0]
    if first["kind"] == "class":
        powers = [math.exp(values[node]) for node in first["nodes"]]
        return [power / sum(powers) for power in powers]
    return [item["mean"] + item["std"] * values[item["nodes"][0]] for item in curves["decoding"]]


def rebuilt_input(item: Any, value: Any) -> Any:
    is_missing = value is None or value != value
    if item["kind"] == "number":
        least, most = item.get("floor", -math.inf), item.get("ceiling", math.inf)
        counted = min(max(item["fill"] if is_missing else value, least), most)
        return (counted - item["shift"]) / item["scale"]
    if item["kind"] == "missing":
        return "missing" if is_missing else "present"
    return "(missing)" if is_missing else value


def rebuilt_edge(edge: Any, value: Any) -> float:
    if edge["kind"] == "pruned":
        return 0.0
    if edge["kind"] == "levels":
        return float(edge["mask"] * dict(zip(edge["levels"], edge["values"], strict=True)).get(value, edge["unseen"]))
    if edge["kind"] == "symbolic":
        own = edge["symbolic"]
        return float(own["a"] * SYMBOLIC[own["function"]](own["b"] * value + own["c"]) + own["d"])
    spline, degree = BSpline(edge["knots"], edge["coefficients"], edge["degree"]), edge["degree"]
    low, high = edge["knots"][degree], edge["knots"][-degree - 1]
    inside = min(max(value, low), high)
    near = math.nextafter(inside, low) if inside == high else inside
    linear = float(spline(inside)) + float(spline.derivative()(near)) * (value - inside)
    silu = value / (1 + math.exp(-value)) if value > -700 else 0.0
    activation = {"silu": silu, "zero": 0.0}[edge["base"]["function"]]
    return float(edge["mask"] * (edge["spline_weight"] * linear + edge["base"]["weight"] * activation))


def encoding_of(targets: list[str], task: str) -> Encoding:
    return learn_encoding(TABLE, ["age", "dose", "island"], targets, task, np.arange(5))


def network(encoding: Encoding, *hidden: int, base: str = "silu", degree: int = 3) -> NetworkState:
    widths = (encoding.network_inputs, *hidden, encoding.network_outputs)
    state = random_network(*widths, levels=encoding.input_levels, encoding=encoding, base=base, degree=degree)
    return with_statistics(state)


@pytest.mark.parametrize("degree", [1, 3, 5])
@pytest.mark.parametrize("base", ["silu", "zero"])
@pytest.mark.parametrize("hidden", [(), (3,), (2, 3)])
@pytest.mark.parametrize("targets", [["y"], ["y", "z"], ["kind"]])
def test_json_alone_rebuilds_predictions(targets: list[str], hidden: tuple[int, ...], base: str, degree: int) -> None:
    task = "classification" if targets == ["kind"] else "regression"
    state = network(encoding_of(targets, task), *hidden, base=base, degree=degree)
    assert state.encoding is not None
    outputs = evaluate(state, encode(state.encoding, TABLE))
    # The row at 9e5 overflows a hand-written softmax.
    rows = 6 if task == "classification" else 7
    expected = (probabilities if task == "classification" else decode)(state.encoding, outputs)[:rows]
    curves = json.loads(json.dumps(activations(state), allow_nan=False))
    found = [rebuilt(curves, {name: TABLE[name][row] for name in TABLE}) for row in range(rows)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_pruned_edges_rebuild_as_nothing() -> None:
    state = NetworkState((random_layer(2, 2, pruned=((0, 1),)),))
    curves = activations(state)
    x = np.random.default_rng(0).uniform(-2, 2, (10, 2))
    found = [rebuilt(curves, {"x1": row[0], "x2": row[1]}) for row in x]
    np.testing.assert_allclose(found, evaluate(state, x), rtol=1e-11)
    assert [edge["kind"] for edge in curves["layers"][0]["edges"]] == ["spline", "pruned", "spline", "spline"]
    assert curves["layers"][0]["nodes"] == [{"kind": "sum", "of": [0, 1]}, {"kind": "sum", "of": [1]}]


@pytest.mark.parametrize("seed", range(10))
def test_network_of_splines_formulas_products_and_categories_is_rebuilt(seed: int) -> None:
    state = mixed_network(seed)
    curves = json.loads(json.dumps(activations(state), allow_nan=False))
    rows = {"a": np.array([0.3, 2.0]), "b": np.array(["p", "r"], dtype=object)}
    rows |= {"c": np.array([0.1, -0.4]), "d": np.array([-9.0, 6.0])}
    assert state.encoding is not None
    expected = decode(state.encoding, evaluate(state, encode(state.encoding, rows)))
    found = [rebuilt(curves, {name: values[k] for name, values in rows.items()}) for k in range(2)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_edge_that_is_a_formula_has_its_function_value_and_slope() -> None:
    state = with_formula(random_network(2, 1), 0, EdgeFormula(0, 0, "sin", 2.0, 3.0, 0.5, -1.0))
    edge = activations(state)["layers"][0]["edges"][0]
    assert (edge["kind"], edge["mask"]) == ("symbolic", 0.0)
    assert edge["symbolic"] == {"function": "sin", "a": 2.0, "b": 3.0, "c": 0.5, "d": -1.0}
    x = np.array(edge["x"])
    np.testing.assert_allclose(edge["y"], 2.0 * np.sin(3.0 * x + 0.5) - 1.0, rtol=0, atol=1e-14)
    np.testing.assert_allclose(edge["derivative"], 6.0 * np.cos(3.0 * x + 0.5), rtol=0, atol=1e-13)


def test_samples_where_a_formula_has_no_value_are_null() -> None:
    state = with_formula(random_network(1, 1), 0, EdgeFormula(0, 0, "log", 1.0, 1.0, 0.0, 0.0))
    edge = activations(state)["layers"][0]["edges"][0]
    assert {y is None for x, y in zip(edge["x"], edge["y"], strict=True) if x < 0} == {True}
    assert None not in {y for x, y in zip(edge["x"], edge["y"], strict=True) if x > 0}
    json.dumps(edge, allow_nan=False)


def test_shape_is_the_contract() -> None:
    curves = activations(network(encoding_of(["y"], "regression"), 2))
    assert set(curves) == {"encoding", "decoding", "layers"}
    first, second = curves["layers"]
    assert (first["index"], first["inputs"]) == (0, ["age", "dose", "dose (missing)", "island"])
    assert (first["outputs"], second["inputs"], second["outputs"]) == (["h0", "h1"], ["h0", "h1"], ["y"])
    for edge in (*first["edges"], *second["edges"]):
        own = LEVELS_FIELDS if edge["kind"] == "levels" else SPLINE_FIELDS
        assert set(edge) == EDGE_FIELDS | own
        assert len(edge["x"]) == len(edge["y"])
        assert len(edge["density"]) == 24
        assert 0 <= edge["importance"] <= 1
    assert first["edges"][7]["levels"] == ["a", "b", "(missing)"]
    assert first["edges"][5]["levels"] == ["present", "missing"]


def test_samples_are_the_function_and_its_slope() -> None:
    state = network(encoding_of(["y"], "regression"))
    edge = activations(state, points=2001, layer=0, source=0, target=0)["layers"][0]["edges"][0]
    x, y, slope = np.array(edge["x"]), np.array(edge["y"]), np.array(edge["derivative"])
    np.testing.assert_allclose([rebuilt_edge(edge, value) for value in x[::100]], y[::100], atol=1e-12)
    np.testing.assert_allclose(np.gradient(y, x)[1:-1], slope[1:-1], atol=0.02)


def test_user_units_are_those_of_the_table() -> None:
    state = network(encoding_of(["z"], "regression"))
    assert state.encoding is not None
    edge = activations(state, span="grid")["layers"][0]["edges"][0]
    item: Any = state.encoding.inputs[0]
    np.testing.assert_allclose(edge["x_user"], np.array(edge["x"]) * item.scale + item.shift)
    output: Any = state.encoding.outputs[0]
    np.testing.assert_allclose(edge["y_user"], np.array(edge["y"]) * output.std)
    hidden = activations(network(encoding_of(["y"], "regression"), 2))["layers"]
    assert hidden[0]["edges"][0]["y_user"] is None
    assert hidden[1]["edges"][0]["x_user"] is None


def test_span_chooses_between_grid_and_training_rows() -> None:
    state = with_statistics(random_network(1, 1))
    for span, ends in (("grid", (state.layers[0].knots[0, 3], state.layers[0].knots[0, -4])), ("data", None)):
        edge = activations(state, points=5, span=span)["layers"][0]["edges"][0]
        assert (edge["x"][0], edge["x"][-1]) == (tuple(edge["range"]) if ends is None else ends)
        assert len(edge["x"]) == 5


def test_filters_leave_the_edges_asked_for() -> None:
    state = random_network(3, 4, 2)
    edges = activations(state, layer=1, target=1)["layers"][0]["edges"]
    assert [(edge["layer"], edge["source"], edge["target"]) for edge in edges] == [(1, i, 1) for i in range(4)]
    assert len(activations(state, source=0)["layers"]) == 2


@pytest.mark.parametrize(
    "options", [{"points": 1}, {"span": "all"}, {"layer": 2}, {"layer": -1}, {"layer": 0, "source": 3}]
)
def test_options_outside_their_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        activations(random_network(3, 4, 2), **options)


def test_nodes_have_names_of_their_own_in_every_layer() -> None:
    assert node_names(random_network(2, 2, 1, 1)) == [["x1", "x2"], ["h0", "h1"], ["h2_0"], ["y1"]]


def test_network_of_plain_levels_names_them_by_index() -> None:
    state = random_network(1, 1, levels=(3,))
    curves = activations(state)
    assert curves["encoding"][0]["kind"] == "index"
    assert curves["layers"][0]["edges"][0]["levels"] == ["0", "1", "2"]


def test_products_are_rebuilt_from_the_sums_they_list() -> None:
    state = with_products()
    curves = json.loads(json.dumps(activations(state)))
    nodes = curves["layers"][0]["nodes"]
    assert [node["kind"] for node in nodes] == ["sum", "sum", "product", "product"]
    assert [node["of"] for node in nodes[2:]] == [[2, 3], [4, 5, 6]]
    assert curves["layers"][0]["outputs"] == ["h0", "h1", "h2", "h3"]
    for row in np.random.default_rng(0).uniform(-1.2, 1.2, (20, 3)):
        found = rebuilt(curves, dict(zip(["x1", "x2", "x3"], row.tolist(), strict=True)))
        assert found == pytest.approx(evaluate(state, row[None])[0].tolist(), rel=1e-9, abs=1e-9)


def test_sums_are_named_after_their_nodes() -> None:
    assert sum_names(with_products().layers[0], ["h0", "h1", "h2", "h3"]) == [
        "h0", "h1", "h2 ×1", "h2 ×2", "h3 ×1", "h3 ×2", "h3 ×3",
    ]  # fmt: skip
