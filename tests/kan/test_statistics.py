"""Statistics of many blocks of rows against numpy's over all rows at once."""

import numpy as np
import pytest

from kan.edits import edited
from kan.predictor import edge_values, evaluate_layers
from kan.state import NetworkState
from kan.statistics import with_statistics
from tests.kan.networks import random_network


def rows(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.column_stack(
        [random.normal(1e3, 1e-2, count), random.uniform(-2, 2, count), random.integers(0, 3, count)]
    )


@pytest.mark.parametrize("block_numbers", [1, 100_000])
def test_statistics_are_those_of_all_rows_at_once(block_numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kan.cost.BLOCK_NUMBERS", block_numbers)  # 1: the smallest blocks, of 64 rows
    state, x = random_network(3, 2, 1, levels=(None, None, 3)), rows(1000)
    found = with_statistics(state, x)
    for layer, values in zip(found.layers, evaluate_layers(state, x)[:-1], strict=True):
        statistics = layer.statistics
        assert statistics is not None
        edges = np.stack([edge_values(layer, i, values[:, i]) for i in range(layer.inputs)])
        np.testing.assert_array_equal(statistics.low, values.min(axis=0))
        np.testing.assert_array_equal(statistics.high, values.max(axis=0))
        np.testing.assert_allclose(statistics.edge_std, edges.std(axis=1), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(statistics.node_std, edges.sum(axis=0).std(axis=0), rtol=1e-9, atol=1e-12)
        for i, density in enumerate(statistics.density):
            counts = np.histogram(values[:, i], 24, (values[:, i].min(), values[:, i].max()))[0]
            np.testing.assert_array_equal(density, counts)


def logarithm(low: float) -> NetworkState:
    """log(x - low) of one input: undefined at and below `low`."""
    edge = {"op": "fix_symbolic", "layer": 0, "source": 0, "target": 0, "function": "log"}
    return edited(random_network(1, 1), [edge | {"a": 1.0, "b": 1.0, "c": -low, "d": 0.0}])


def test_rows_where_the_network_is_undefined_are_left_out() -> None:
    x = np.linspace(-1, 1, 200)[:, None]
    statistics = with_statistics(logarithm(0.0), x).layers[0].statistics
    assert statistics is not None
    kept = x[x > 0]
    assert (statistics.low[0], statistics.high[0], statistics.density.sum()) == (kept.min(), kept.max(), len(kept))
    np.testing.assert_allclose(statistics.node_std, np.log(kept).std(), rtol=1e-9)


def test_a_network_that_is_undefined_on_all_rows_keeps_its_statistics() -> None:
    state = logarithm(5.0)
    assert with_statistics(state, np.linspace(-1, 1, 200)[:, None]) is state


def test_input_that_never_changes_has_one_full_bin_and_no_spread() -> None:
    state = random_network(1, 1)
    statistics = with_statistics(state, np.full((10, 1), 0.1)).layers[0].statistics
    assert statistics is not None
    assert sorted(statistics.density[0])[-2:] == [0, 10]
    np.testing.assert_allclose(statistics.edge_std, 0.0, atol=1e-15)
