"""Wider and deeper networks are the same function, and what is new can learn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.certificate import certificate
from kan.checkpoint import dump, load
from kan.config_constraints import Constraint
from kan.constraints import all_constrained, kept_constraints
from kan.errors import InvalidConfig
from kan.expand import expand_depth, expand_width
from kan.predictor import evaluate, evaluate_layers
from kan.prune import prune_edges, removed_edges, restore_edge
from kan.state import NetworkState
from kan.statistics import with_statistics
from tests.kan.kernels.cpu.definition import slow_outputs, with_products
from tests.kan.networks import mixed_network, random_network, rows_for


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from([None, 2, 3]))
def test_wider_network_gives_the_same_bits(seed: int, count: int, arity: int | None) -> None:
    state, x = mixed_network(seed), rows_for(mixed_network(seed))
    for index in range(len(state.layers) - 1):
        wide = load(dump(expand_width(state, index, count, arity=arity)))
        np.testing.assert_array_equal(evaluate(wide, x), evaluate(state, x))
        np.testing.assert_allclose(slow_outputs(wide, x), slow_outputs(state, x), rtol=1e-9, atol=1e-9)
        assert certificate(state, wide, x).max_change == (0.0, 0.0)
        assert wide.widths[index + 1] == state.widths[index + 1] + count


def test_new_nodes_stand_behind_those_of_their_kind() -> None:
    state = with_products()
    x = rows_for(state)
    old = evaluate_layers(state, x)[1]
    sums, products = expand_width(state, 0, 2), expand_width(state, 0, 1, arity=4)
    assert (sums.layers[0].products, products.layers[0].products) == ((2, 3), (2, 3, 4))
    np.testing.assert_array_equal(evaluate_layers(sums, x)[1][:, [0, 1, 4, 5]], old)
    np.testing.assert_array_equal(evaluate_layers(products, x)[1][:, :4], old)


def test_new_nodes_vary_within_their_grid_so_that_training_can_use_them() -> None:
    state = random_network(3, 2, 1, levels=(None, None, 4))
    x = rows_for(state, rows=200)
    new = evaluate_layers(expand_width(state, 0, 5, seed=3), np.clip(x, -1, None))[1][:, 2:]
    assert (new.std(axis=0) > 0.01).all()
    assert np.mean(np.abs(new) < 1) > 0.9


def test_wider_network_of_splines_alone_has_no_base() -> None:
    wide = expand_width(random_network(2, 1, 1, base="zero"), 0)
    assert not wide.layers[0].base_weight[:, 1].any()


def test_shapes_stay_with_their_edges() -> None:
    state = random_network(2, 4, 1)
    state = replace(state, layers=(replace(state.layers[0], products=(2,)), random_network(3, 1).layers[0]))
    state = all_constrained(state, [Constraint(0, 1, 2, "convex"), Constraint(1, 2, 0, "decreasing")])
    # Two sums come before the product's factors, two nodes before the product.
    kept = (Constraint(0, 1, 4, "convex"), Constraint(1, 4, 0, "decreasing"))
    assert kept_constraints(expand_width(state, 0, 2)) == kept
    assert kept_constraints(expand_depth(state, 1)) == (
        Constraint(0, 1, 2, "convex"),
        Constraint(2, 2, 0, "decreasing"),
    )


def test_pruned_formulas_stay_with_their_edges() -> None:
    state = mixed_network(7)
    formulas = [(k, f.source, f.target) for k, layer in enumerate(state.layers) for f in layer.formulas]
    assert formulas
    wide = expand_width(prune_edges(state, formulas), 0, 2)
    for index, layer in enumerate(wide.layers):
        for formula in layer.pruned_formulas:
            wide = restore_edge(wide, index, formula.source, formula.target)
    assert dump(wide) == dump(expand_width(state, 0, 2))


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_deeper_network_is_the_same_function(seed: int, place: int) -> None:
    state, x = mixed_network(seed), rows_for(mixed_network(seed))
    deep = load(dump(expand_depth(state, min(place, len(state.layers)))))
    scale = max(np.abs(values).max() for values in evaluate_layers(state, x))
    np.testing.assert_allclose(evaluate(deep, x), evaluate(state, x), rtol=0, atol=1e-11 * (1 + scale) ** 2)


def test_new_layer_is_the_identity_inside_and_beyond_its_grid() -> None:
    deep = expand_depth(random_network(2, 3))
    values = evaluate_layers(deep, rows_for(deep) * 5)
    assert np.abs(values[1]).max() > 3
    np.testing.assert_allclose(values[2], values[1], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_identity_holds_on_uneven_knots_of_every_degree(degree: int) -> None:
    deep = expand_depth(random_network(2, 3, 1, degree=degree), 1)
    values = evaluate_layers(deep, rows_for(deep))
    np.testing.assert_allclose(values[2], values[1], rtol=1e-12, atol=1e-12)


def test_splines_that_end_at_their_grid_become_the_formula_x() -> None:
    state = random_network(2, 2, outside="zero")
    deep, x = expand_depth(state), rows_for(state) * 5
    np.testing.assert_array_equal(evaluate(deep, x), evaluate(state, x))
    assert [formula.function for formula in deep.layers[1].formulas] == ["x", "x"]


def test_other_edges_of_the_new_layer_are_pruned_and_zero() -> None:
    state = random_network(2, 2)
    deep, x = expand_depth(state), rows_for(state)
    restored = restore_edge(deep, 1, 0, 1)
    assert removed_edges(restored, deep) == [(1, 0, 1)]
    np.testing.assert_array_equal(evaluate(restored, x), evaluate(deep, x))


def test_statistics_can_be_taken_anew() -> None:
    state = expand_depth(expand_width(mixed_network(1), 0, 1, arity=2))
    found = with_statistics(state, rows_for(state))
    assert all(layer.statistics is not None for layer in found.layers)


def test_number_out_of_its_range_is_refused() -> None:
    state = random_network(2, 3, 1)
    cases: list[tuple[Callable[[], NetworkState], str]] = [
        (lambda: expand_width(state, 1), "layer"),
        (lambda: expand_width(state, 0, 0), "count"),
        (lambda: expand_width(state, 0, arity=1), "arity"),
        (lambda: expand_depth(state, 0), "layer"),
        (lambda: expand_depth(state, 3), "layer"),
    ]
    for call, field in cases:
        with pytest.raises(InvalidConfig) as refused:
            call()
        assert refused.value.field == field
