"""The predictor against a slow evaluation by scipy, and that a row does not depend on its neighbours."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from kan.errors import ShapeMismatch
from kan.predictor import edge_values, evaluate, evaluate_layers, silu
from kan.state import Array, LayerState, NetworkState
from tests.kan.kernels.cpu.cases import NETWORKS, rows
from tests.kan.kernels.cpu.definition import slow_outputs
from tests.kan.networks import random_layer, random_network


def slow_edge(layer: LayerState, i: int, j: int, x: float, base: str, outside: str) -> float:
    """One edge by its definition, with scipy's spline."""
    spline = BSpline(layer.knots[i], layer.coefficients[i, :, j], layer.degree)
    low, high = layer.knots[i, layer.degree], layer.knots[i, -layer.degree - 1]
    inside = float(np.clip(x, low, high))
    if outside == "linear":
        # At the upper end scipy takes the slope from the right, which for degree 1 is another one.
        near = np.nextafter(inside, low) if inside == high else inside
        value = float(spline(inside)) + float(spline.derivative()(near)) * (x - inside)
    else:
        value = float(spline(x)) if layer.knots[i, 0] <= x < layer.knots[i, -1] else 0.0
        if not low <= x < high:
            value = sum(
                c * float(np.nan_to_num(BSpline.basis_element(layer.knots[i, k : k + layer.degree + 2], False)(x)))
                for k, c in enumerate(layer.coefficients[i, :, j])
            )
    activation = x / (1 + np.exp(-x)) if base == "silu" else 0.0
    return float(layer.mask[i, j] * (layer.base_weight[i, j] * activation + layer.spline_weight[i, j] * value))


def slow_layer(layer: LayerState, x: Array, base: str, outside: str) -> Array:
    sums = [
        [sum(slow_edge(layer, i, j, row[i], base, outside) for i in range(layer.inputs)) for j in range(layer.outputs)]
        for row in x
    ]
    return np.array(sums)


@pytest.mark.parametrize("outside", ["linear", "zero"])
@pytest.mark.parametrize("base", ["silu", "zero"])
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_network_equals_the_definition(degree: int, base: str, outside: str) -> None:
    state = random_network(2, 3, 1, degree=degree, base=base, outside=outside)
    x = np.random.default_rng(0).uniform(-3, 3, (40, 2))
    expected = x
    for layer in state.layers:
        expected = slow_layer(layer, expected, base, outside)
    np.testing.assert_allclose(evaluate(state, x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("outside", ["linear", "zero"])
@pytest.mark.parametrize("widths", [(8, 40, 1), (3, 2), (1, 1), (2, 5, 5, 3)])
def test_row_alone_gives_the_same_bits_as_among_many(widths: tuple[int, ...], outside: str) -> None:
    state = random_network(*widths, outside=outside)
    x = np.random.default_rng(0).normal(size=(257, widths[0]))
    together = evaluate(state, x)
    assert all(np.array_equal(evaluate(state, x[row : row + 1])[0], together[row]) for row in range(len(x)))
    assert np.array_equal(evaluate(state, np.asfortranarray(x[::-1]))[::-1], together)


def test_empty_batch_gives_no_rows() -> None:
    assert evaluate(random_network(3, 2, 4), np.empty((0, 3))).shape == (0, 4)


def test_level_edges_look_their_value_up_and_unseen_levels_take_the_last() -> None:
    layer = random_layer(1, 2, levels=(3,))
    found = evaluate(NetworkState((layer,)), np.array([[0.0], [2.0], [3.0], [-1.0], [99.0]]))
    assert np.array_equal(found, layer.levels[0].values[[0, 2, 3, 3, 3]])


def test_pruned_edge_gives_nothing() -> None:
    layer = random_layer(2, 1, levels=(None, 2), pruned=((0, 0), (1, 0)))
    assert not evaluate(NetworkState((layer,)), np.array([[0.3, 1.0], [9.0, 0.0]])).any()


def test_layers_and_edges_add_up() -> None:
    state = random_network(3, 4, 2, levels=(None, 2, None))
    x = np.random.default_rng(0).uniform(-2, 2, (20, 3))
    x[:, 1] = np.arange(20) % 3
    values = evaluate_layers(state, x)
    assert [item.shape for item in values] == [(20, 3), (20, 4), (20, 2)]
    for layer, before, after in zip(state.layers, values, values[1:], strict=False):
        total = sum(edge_values(layer, i, before[:, i]) for i in range(layer.inputs))
        np.testing.assert_allclose(total, after, rtol=1e-12, atol=1e-12)


def test_wrong_number_of_columns_is_refused() -> None:
    with pytest.raises(ShapeMismatch, match=r"\(rows, 3\)"):
        evaluate(random_network(3, 1), np.zeros((5, 2)))


@given(st.floats(allow_nan=False))
def test_any_number_is_answered_without_a_warning(x: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(random_network(1, 2, 1), np.array([[x]]))


def test_silu_at_the_ends_of_the_floats() -> None:
    found = silu(np.array([-1e308, -800.0, 0.0, 800.0, 1e308]))
    assert np.array_equal(found, [0.0, 0.0, 0.0, 800.0, 1e308])


@pytest.mark.parametrize("end", [-1, 1])
def test_function_is_continuous_where_the_grid_ends(end: int) -> None:
    state = random_network(1, 1)
    edge = state.layers[0].knots[0, 3 if end < 0 else -4]
    x = edge + np.array([-1e-9, 0.0, 1e-9])[:, None]
    assert np.ptp(evaluate(state, x)) < 1e-6


@pytest.mark.parametrize("name", ["formulas", "more formulas", "products"])
def test_formulas_and_products_equal_their_definition(name: str) -> None:
    state = NETWORKS[name]()
    x = rows(state)
    np.testing.assert_allclose(evaluate(state, x), slow_outputs(state, x), rtol=1e-12, atol=1e-12)
