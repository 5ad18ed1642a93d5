"""A factor that is the same in every row becomes a number, and what the network gives stays what it was."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.checkpoint import dump, load
from kan.errors import InvalidConfig
from kan.fewer_factors import product_factors, sum_means, without_factor
from kan.predictor import evaluate, evaluate_layers
from kan.prune import prune_edges
from kan.state import EdgeFormula, EdgeShape, NetworkState
from kan.statistics import with_statistics
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.networks import rows_for


def with_constant(state: NetworkState, factor: int, constant: float) -> NetworkState:
    """Makes one sum of the first layer the same number everywhere."""
    pruned = prune_edges(state, [(0, source, factor) for source in range(state.widths[0])])
    first = pruned.layers[0]
    number = EdgeFormula(0, factor, "x", 0.0, 1.0, 0.0, constant)
    return replace(state, layers=(replace(first, formulas=(number, *first.formulas)), *pruned.layers[1:]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(-3.0, 3.0))
def test_network_without_a_constant_factor_gives_what_it_gave(seed: int, factor: int, constant: float) -> None:
    state = with_everything(seed=seed)
    assert state.layers[0].products == (2, 3)
    before, x = with_constant(state, factor, constant), rows_for(state)
    after = load(dump(without_factor(before, 0, factor, constant)))
    assert after.layers[0].products == ((3,) if factor < 4 else (2, 2))
    np.testing.assert_allclose(evaluate(after, x), evaluate(before, x), rtol=1e-12, atol=1e-11)


def test_both_products_become_sums_in_turn() -> None:
    state = with_everything()
    for factor, constant in ((6, 2.0), (5, -0.5), (3, 1.5)):
        state = with_constant(state, factor, constant)
    x = rows_for(state)
    # What is left of the second product comes before the first one, whose factors are 3 and 4 then.
    smaller = without_factor(without_factor(without_factor(state, 0, 6, 2.0), 0, 5, -0.5), 0, 4, 1.5)
    assert (smaller.layers[0].products, smaller.widths) == ((), state.widths)
    assert product_factors(smaller) == []
    np.testing.assert_allclose(evaluate(smaller, x), evaluate(state, x), rtol=1e-12, atol=1e-11)


def test_statistics_stay_those_of_the_sums_that_are_left() -> None:
    state = with_everything()
    x = rows_for(state)
    kept = without_factor(with_statistics(state, x), 0, 4, 1.0).layers[0].statistics
    anew = with_statistics(without_factor(state, 0, 4, 1.0), x).layers[0].statistics
    assert kept is not None
    assert anew is not None
    np.testing.assert_allclose(kept.node_std, anew.node_std, rtol=1e-12)


def test_means_are_those_of_what_a_product_multiplies() -> None:
    state = with_everything()
    x = rows_for(state)
    sums = replace(state, layers=(replace(state.layers[0], products=()),))
    np.testing.assert_allclose(sum_means(state, x, 0), evaluate_layers(sums, x)[1].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize(("layer", "factor"), [(0, 0), (0, 7), (1, 0)])
def test_what_is_no_factor_is_refused(layer: int, factor: int) -> None:
    assert product_factors(with_everything()) == [(0, factor) for factor in range(2, 7)]
    with pytest.raises(InvalidConfig):
        without_factor(with_everything(), layer, factor, 1.0)


def test_a_product_whose_edges_keep_a_shape_stays() -> None:
    state = with_everything()
    shaped = replace(state.layers[0], shapes=(EdgeShape(0, 3, "increasing"),))
    state = replace(state, layers=(shaped, *state.layers[1:]))
    assert product_factors(state) == [(0, factor) for factor in range(4, 7)]
    with pytest.raises(InvalidConfig, match="shape"):
        without_factor(state, 0, 2, 1.0)
    assert without_factor(state, 0, 4, 1.0).layers[0].shapes == shaped.shapes
