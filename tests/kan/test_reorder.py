"""Hidden nodes change places with all that is theirs: the function stays, fewer edges cross."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.checkpoint import dump, load
from kan.config_constraints import Constraint
from kan.constraints import all_constrained, kept_constraints
from kan.errors import InvalidConfig
from kan.predictor import evaluate
from kan.prune import live_edges, prune_edge, prune_edges, restore_edge
from kan.reorder import arranged, crossings, reordered, swap
from kan.state import NetworkState
from kan.statistics import with_statistics
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import mixed_network, random_network, rows_for


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 100), st.integers(0, 100))
def test_swap_changes_nothing_and_twice_gives_the_bytes_back(seed: int, first: int, second: int) -> None:
    state, x = mixed_network(seed), rows_for(mixed_network(seed))
    for index in range(len(state.layers) - 1):
        layer = state.layers[index]
        first, second = first % layer.plain, second % layer.plain
        swapped = load(dump(swap(state, index, first, second)))
        scale = max(1.0, np.abs(evaluate(state, x)).max())
        np.testing.assert_allclose(evaluate(swapped, x), evaluate(state, x), rtol=0, atol=1e-12 * scale)
        assert dump(swap(swapped, index, first, second)) == dump(state)


def test_products_of_unequal_arity_swap_with_their_factors() -> None:
    state, x = with_products(), rows_for(with_products())
    swapped = swap(state, 0, 2, 3)
    assert swapped.layers[0].products == (3, 2)
    np.testing.assert_allclose(evaluate(swapped, x), evaluate(state, x), rtol=0, atol=1e-12)
    assert dump(swap(swapped, 0, 2, 3)) == dump(state)


def test_statistics_move_with_their_nodes() -> None:
    state = random_network(2, 3, 2)
    x = rows_for(state)
    moved, anew = swap(with_statistics(state, x), 0, 0, 2), with_statistics(swap(state, 0, 0, 2), x)
    for one, other in zip(moved.layers, anew.layers, strict=True):
        assert one.statistics is not None
        assert other.statistics is not None
        for part in ("low", "high", "density", "edge_std", "node_std"):
            np.testing.assert_allclose(getattr(one.statistics, part), getattr(other.statistics, part), rtol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_pruned_formulas_move_with_their_edges(seed: int) -> None:
    state = mixed_network(seed)
    formulas = [(0, formula.source, formula.target) for formula in state.layers[0].formulas]
    swapped = swap(prune_edges(state, formulas), 0, 0, state.layers[0].plain - 1)
    for formula in swapped.layers[0].pruned_formulas:
        swapped = restore_edge(swapped, 0, formula.source, formula.target)
    assert dump(swapped) == dump(swap(state, 0, 0, state.layers[0].plain - 1))


def test_shapes_move_with_their_edges() -> None:
    state = all_constrained(random_network(2, 3, 1), [Constraint(0, 1, 0, "convex"), Constraint(1, 2, 0, "decreasing")])
    moved = (Constraint(0, 1, 2, "convex"), Constraint(1, 0, 0, "decreasing"))
    assert kept_constraints(swap(state, 0, 0, 2)) == moved


def crossing_pairs(state: NetworkState) -> int:
    """Counts crossings pair by pair."""
    total = 0
    for index, layer in enumerate(state.layers):
        joined = {
            (i, node)
            for at, i, j in live_edges(state)
            for node in range(layer.nodes)
            if at == index and j in layer.factors(node)
        }
        total += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in combinations(sorted(joined), 2))
    return total


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_arranged_network_is_the_same_function_with_no_more_crossings(seed: int) -> None:
    state, x = mixed_network(seed), rows_for(mixed_network(seed))
    found = arranged(state)
    assert crossings(state) == crossing_pairs(state)
    assert crossings(found) == crossing_pairs(found) <= crossings(state)
    scale = max(1.0, np.abs(evaluate(state, x)).max())
    np.testing.assert_allclose(evaluate(found, x), evaluate(state, x), rtol=0, atol=1e-12 * scale)


def test_tangled_pairs_are_untangled() -> None:
    # Input i alone goes to node 3 - i, which alone goes on.
    state = random_network(4, 4, 1)
    mask = np.fliplr(np.eye(4))
    state = replace(state, layers=(replace(state.layers[0], mask=mask), state.layers[1]))
    assert crossings(state) == 6
    assert crossings(arranged(state)) == 0


def test_network_without_crossings_stays_the_same() -> None:
    state = prune_edge(random_network(2, 1), 0, 0, 0)
    assert arranged(state) is state


def test_node_that_cannot_move_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="sums come before products"):
        swap(with_products(), 0, 1, 2)
    with pytest.raises(InvalidConfig, match="hidden"):
        swap(with_products(), 1, 0, 1)
    with pytest.raises(InvalidConfig, match="second"):
        swap(random_network(2, 3, 1), 0, 1, 3)
    with pytest.raises(InvalidConfig, match="once"):
        reordered(random_network(2, 3, 1), 0, [0, 0, 1])
