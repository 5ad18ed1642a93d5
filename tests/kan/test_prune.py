"""What is pruned adds nothing, keeps its numbers, comes back bit for bit; columns without an edge are not needed."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.checkpoint import dump, load
from kan.encoding import Encoding, MissingInput, NumberInput, NumberOutput, encode, outside_rows
from kan.errors import InvalidConfig
from kan.predictor import contributions, evaluate
from kan.prune import (
    live_edges,
    node_edges,
    prune_column,
    prune_edge,
    prune_edges,
    prune_input,
    prune_node,
    pruned_edges,
    removed_edges,
    restore_edge,
)
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import mixed_network, random_network, rows_for


def test_pruned_edge_adds_nothing_more() -> None:
    state = random_network(3, 2, levels=(None, 4, None))
    x = rows_for(state)
    for source in range(3):
        expected = evaluate(state, x)
        expected[:, 1] -= contributions(state, x)[:, source, 1]
        np.testing.assert_allclose(evaluate(prune_edge(state, 0, source, 1), x), expected, rtol=0, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_every_edge_is_restored_bit_for_bit(seed: int) -> None:
    state = mixed_network(seed)
    for edge in live_edges(state):
        pruned = load(dump(prune_edge(state, *edge)))
        assert removed_edges(state, pruned) == [edge]
        assert dump(restore_edge(pruned, *edge)) == dump(state)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_all_edges_in_any_order_are_restored_bit_for_bit(seed: int, shuffler: random.Random) -> None:
    state = mixed_network(seed)
    edges = live_edges(state)
    pruned = prune_edges(state, edges)
    assert live_edges(pruned) == []
    shuffler.shuffle(edges)
    for edge in edges:
        pruned = restore_edge(pruned, *edge)
    assert dump(pruned) == dump(state)


def test_pruned_formula_is_set_aside_and_not_evaluated() -> None:
    state = with_formula(random_network(1, 1), 0, EdgeFormula(0, 0, "exp", 1.0, 1.0, 0.0, 0.0))
    pruned = prune_edge(state, 0, 0, 0)
    assert (pruned.layers[0].formulas, pruned.layers[0].pruned_formulas) == ((), state.layers[0].formulas)
    assert not evaluate(pruned, np.ones((2, 1))).any()


def test_pruning_and_restoring_twice_is_as_once() -> None:
    state = random_network(2, 1)
    pruned = prune_edge(state, 0, 1, 0)
    assert dump(prune_edge(pruned, 0, 1, 0)) == dump(pruned)
    assert restore_edge(state, 0, 1, 0) is state


def test_pruned_node_loses_the_edges_that_enter_and_leave_it() -> None:
    state = random_network(2, 3, 2)
    assert removed_edges(state, prune_node(state, 0, 1)) == [(0, 0, 1), (0, 1, 1), (1, 1, 0), (1, 1, 1)]


def test_pruned_product_loses_the_edges_of_all_its_factors() -> None:
    state = with_products()
    gone = removed_edges(state, prune_node(state, 0, 3))
    assert {target for layer, _, target in gone if layer == 0} == {4, 5, 6}
    assert {source for layer, source, _ in gone if layer == 1} == {3}
    assert set(gone) == set(node_edges(state, 0, 3))


def test_product_of_a_factor_without_edges_is_zero() -> None:
    state = with_products()
    x = rows_for(state)
    without = prune_edges(state, [(0, source, 4) for source in range(3)])
    np.testing.assert_allclose(
        evaluate(prune_node(without, 0, 3), x),
        evaluate(without, x) - evaluate(_only_node(without, 3), x),
        rtol=0,
        atol=1e-12,
    )
    assert np.ptp(evaluate(_only_node(without, 3), x), axis=0).max() == 0.0


def _only_node(state: NetworkState, node: int) -> NetworkState:
    return prune_edges(state, [edge for edge in live_edges(state) if edge[0] == 1 and edge[1] != node])


ENCODING = Encoding(
    (
        NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0),
        NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0, 0.0),
        MissingInput("b (missing)", "b"),
        NumberInput("c", "c", 5.0, 2.0, 3.0, 7.0),
    ),
    (NumberOutput("y", 0.0, 1.0),),
)


def encoded_network() -> NetworkState:
    return random_network(4, 2, 1, levels=(None, None, 2, None), encoding=ENCODING)


def test_column_without_an_edge_is_not_needed_after_save_and_load() -> None:
    state = encoded_network()
    after = load(dump(prune_column(state, "b")))
    assert after.encoding is not None
    assert after.encoding.columns == ("a", "c")
    rows = {"a": np.array([0.5, -0.5]), "c": np.array([4.0, 6.0])}
    full = {**rows, "b": np.array([0.3, np.nan])}
    expected = evaluate(prune_edges(state, [(0, i, j) for i in (1, 2) for j in (0, 1)]), encode(ENCODING, full))
    np.testing.assert_array_equal(evaluate(after, encode(after.encoding, rows)), expected)


def test_value_of_an_unused_column_is_never_outside() -> None:
    after = prune_column(encoded_network(), "c")
    assert after.encoding is not None
    table = {"a": np.array([9.0]), "b": np.array([0.0]), "c": np.array([99.0])}
    assert [outside.column for outside in outside_rows(after.encoding, table)] == ["a"]


def test_column_is_needed_as_long_as_one_of_its_inputs_has_an_edge() -> None:
    after = prune_input(encoded_network(), 1)
    assert after.encoding is not None
    assert after.encoding.unused == ()
    assert [item.name for item in after.encoding.used_inputs] == ["a", "b", "b (missing)", "c"]


def test_restored_edge_makes_its_column_needed_again() -> None:
    state = encoded_network()
    after = prune_column(state, "c")
    for target in (0, 1):
        after = restore_edge(after, 0, 3, target)
    assert dump(after) == dump(state)


def test_network_without_any_edge_keeps_its_columns() -> None:
    state = encoded_network()
    after = prune_edges(state, live_edges(state))
    assert after.encoding == ENCODING
    assert dump(load(dump(after))) == dump(after)


@pytest.mark.parametrize("column", ["z", "y"])
def test_column_that_is_not_read_is_refused(column: str) -> None:
    with pytest.raises(InvalidConfig, match="column"):
        prune_column(encoded_network(), column)
    with pytest.raises(InvalidConfig, match="column"):
        prune_column(replace(encoded_network(), encoding=None), "a")


def test_place_that_is_not_there_is_refused() -> None:
    state = random_network(2, 3, 1)
    with pytest.raises(InvalidConfig, match="hidden"):
        prune_node(state, 1, 0)
    with pytest.raises(InvalidConfig, match="node"):
        prune_node(state, 0, 3)
    with pytest.raises(InvalidConfig, match="source"):
        prune_input(state, 2)
    with pytest.raises(InvalidConfig, match="target"):
        prune_edge(state, 0, 0, 3)


def test_every_edge_is_either_live_or_pruned() -> None:
    state = random_network(2, 3, 1)
    less = prune_edge(state, 0, 1, 2)
    assert pruned_edges(state) == []
    assert pruned_edges(less) == [(0, 1, 2)]
    assert sorted([*live_edges(less), *pruned_edges(less)]) == live_edges(state)
