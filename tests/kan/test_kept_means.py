"""Means of pruned edges become constants, and bring the network nearer to what it was."""

from dataclasses import replace

import numpy as np
import pytest

from kan.checkpoint import dump
from kan.kept_means import with_kept_means
from kan.predictor import contributions, evaluate
from kan.prune import prune_edge, prune_edges, prune_node
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from tests.kan.networks import random_network, rows_for


def with_a_formula(state: NetworkState) -> NetworkState:
    return with_formula(state, 0, EdgeFormula(1, 0, "sin", 1.0, 2.0, 0.0, 0.5))


@pytest.mark.parametrize(
    "state",
    [
        random_network(3, 2),
        with_a_formula(random_network(3, 2)),
        random_network(3, 2, levels=(None, 3, None)),
        with_a_formula(random_network(3, 2, outside="zero")),
    ],
    ids=["spline", "formula", "levels", "zero outside"],
)
def test_mean_of_the_pruned_edge_is_added_everywhere(state: NetworkState) -> None:
    x, far = rows_for(state), rows_for(state, rows=20, seed=5) * 3
    for table in state.layers[0].levels:
        far[:, table.source] = 1
    after = prune_edge(state, 0, 0, 0)
    mean = contributions(state, x)[:, 0, 0].mean()
    kept = with_kept_means(state, after, x)
    np.testing.assert_allclose(
        evaluate(kept, far), evaluate(after, far) + np.array([mean, 0.0]), rtol=1e-12, atol=1e-12 * abs(mean)
    )


def test_change_no_longer_has_a_mean() -> None:
    state = random_network(4, 2)
    x = rows_for(state)
    kept = with_kept_means(state, prune_edges(state, [(0, 0, 0), (0, 1, 0), (0, 2, 1)]), x)
    np.testing.assert_allclose((evaluate(kept, x) - evaluate(state, x)).mean(axis=0), 0.0, rtol=0, atol=1e-12)


def test_node_that_goes_leaves_its_mean_in_the_sums_behind() -> None:
    state = random_network(2, 3, 1)
    x = rows_for(state)
    kept = with_kept_means(state, prune_node(state, 0, 1), x)
    np.testing.assert_allclose(evaluate(kept, x).mean(), evaluate(state, x).mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("outside", ["linear", "zero"])
def test_sum_that_can_carry_no_constant_stays_without_it(outside: str) -> None:
    state = random_network(2, 1, outside=outside)
    layer = state.layers[0]
    state = replace(state, layers=(replace(layer, spline_weight=np.array([[1.0], [float(outside == "zero")]])),))
    after = prune_edge(state, 0, 0, 0)
    assert dump(with_kept_means(state, after, rows_for(state))) == dump(after)


def test_same_network_stays_the_same() -> None:
    state = random_network(2, 2, 1)
    assert with_kept_means(state, state, rows_for(state)) is state
