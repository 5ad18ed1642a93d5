"""What a network can do without: thresholds and bounds hold, and no output is ever severed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.checkpoint import dump, load
from kan.errors import InvalidConfig
from kan.importance import edge_scores
from kan.live_paths import reached_outputs
from kan.predictor import evaluate
from kan.prune import live_edges, prune_edges, removed_edges
from kan.sparsify import Pruning, pruned, pruned_within
from kan.state import Array, NetworkState
from kan.statistics import with_statistics
from tests.kan.networks import mixed_network, random_network, rows_for


def rmse(outputs: Array, y: Array) -> float:
    return float(np.sqrt(np.square(outputs - y).mean()))


def check(before: NetworkState, found: Pruning) -> None:
    """Checks what holds of every pruning: what it says is what it did, and no output lost its last path."""
    assert list(found.edges) == removed_edges(before, found.state)
    assert reached_outputs(found.state).tolist() == reached_outputs(before).tolist()
    assert dump(load(dump(found.state))) == dump(found.state)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 1e9), st.floats(0, 1e9))
def test_no_threshold_severs_an_output(seed: int, node_threshold: float, edge_threshold: float) -> None:
    state = mixed_network(seed)
    check(state, pruned(state, node_threshold=node_threshold, edge_threshold=edge_threshold))


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.floats(0, 1e3))
def test_loss_stays_within_its_bound_and_no_output_is_severed(seed: int, bound: float) -> None:
    state = mixed_network(seed)
    x = rows_for(state)
    y = evaluate(state, x) + np.random.default_rng(seed).normal(size=(50, 2))
    found = pruned_within(state, x, y, rmse, bound)
    check(state, found)
    assert found.loss == rmse(evaluate(found.state, x), y) <= rmse(evaluate(state, x), y) + bound


def nearly_additive() -> tuple[NetworkState, Array]:
    """Gives [5, 1] of which inputs 3 and 4 add a hundred-thousandth."""
    state = random_network(5, 1)
    layer = state.layers[0]
    small = np.array([1.0, 1.0, 1.0, 1e-5, 1e-5])[:, None]
    layer = replace(layer, spline_weight=small * layer.spline_weight, base_weight=small * layer.base_weight)
    x = rows_for(state, rows=200)
    return with_statistics(replace(state, layers=(layer,)), x), x


def test_edges_below_the_threshold_go_and_no_others() -> None:
    state, _ = nearly_additive()
    assert pruned(state).edges == ((0, 3, 0), (0, 4, 0))


def test_bound_takes_exactly_what_hardly_matters() -> None:
    state, x = nearly_additive()
    found = pruned_within(state, x, evaluate(state, x), rmse, 1e-3)
    assert found.edges == ((0, 3, 0), (0, 4, 0))
    assert found.loss is not None
    assert 0 < found.loss < 1e-3


def test_scale_of_the_target_does_not_change_what_goes() -> None:
    state, x = nearly_additive()
    layer = state.layers[0]
    loud = replace(
        layer, spline_weight=1000 * layer.spline_weight, base_weight=1000 * layer.base_weight, statistics=None
    )
    assert pruned(with_statistics(replace(state, layers=(loud,)), x)).edges == pruned(state).edges


def test_unimportant_node_goes_whole() -> None:
    state = random_network(2, 3, 1)
    last = state.layers[1]
    weak = np.array([[1.0], [1e-6], [1.0]])
    last = replace(last, spline_weight=weak * last.spline_weight, base_weight=weak * last.base_weight)
    state = replace(state, layers=(state.layers[0], last))
    state = with_statistics(state, rows_for(state))
    found = pruned(state, node_threshold=0.01, edge_threshold=0.0)
    assert found.edges == ((0, 0, 1), (0, 1, 1), (1, 1, 0))


def test_constant_network_only_when_asked_for_by_name() -> None:
    state, x = nearly_additive()
    assert live_edges(pruned(state, edge_threshold=1e9, allow_constant=True).state) == []
    assert len(live_edges(pruned(state, edge_threshold=1e9).state)) == 1
    y = evaluate(state, x)
    assert live_edges(pruned_within(state, x, y, rmse, 1e9, allow_constant=True).state) == []
    assert len(live_edges(pruned_within(state, x, y, rmse, 1e9).state)) == 1


def test_edge_that_stays_is_the_strongest_one() -> None:
    state, x = nearly_additive()
    strongest = int(edge_scores(state)[0][:, 0].argmax())
    assert live_edges(pruned(state, edge_threshold=1e9).state) == [(0, strongest, 0)]
    assert live_edges(pruned_within(state, x, evaluate(state, x), rmse, 1e9).state) == [(0, strongest, 0)]


def test_bound_of_zero_keeps_every_edge_that_matters() -> None:
    state, x = nearly_additive()
    assert pruned_within(state, x, evaluate(state, x), rmse, 0.0).edges == ()


def test_kept_means_let_more_edges_go() -> None:
    state, x = nearly_additive()
    y = evaluate(state, x)
    bound = 1.05 * rmse(y.mean(axis=0), y)
    plain, kept = pruned_within(state, x, y, rmse, bound), pruned_within(state, x, y, rmse, bound, compensate=x)
    assert len(kept.edges) >= len(plain.edges)
    np.testing.assert_allclose(evaluate(kept.state, x).mean(), y.mean(), rtol=0, atol=1e-12)
    assert pruned(state, edge_threshold=0.2, compensate=x).edges == pruned(state, edge_threshold=0.2).edges


def test_output_that_was_severed_before_is_no_hindrance() -> None:
    state = prune_edges(random_network(2, 2), [(0, 0, 1), (0, 1, 1)])
    found = pruned_within(state, rows_for(state), np.zeros((50, 2)), rmse, 1e9)
    assert len(live_edges(found.state)) == 1


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_bound_that_is_none_is_refused(value: float) -> None:
    state, x = nearly_additive()
    with pytest.raises(InvalidConfig, match="node_threshold"):
        pruned(state, node_threshold=value)
    with pytest.raises(InvalidConfig, match="edge_threshold"):
        pruned(state, edge_threshold=value)
    with pytest.raises(InvalidConfig, match="max_metric_loss"):
        pruned_within(state, x, evaluate(state, x), rmse, value)
