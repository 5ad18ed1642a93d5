"""A finer grid is the same function: inside, at the ends and beyond them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.bspline import curve
from kan.errors import InexactRefinement, InvalidConfig
from kan.predictor import evaluate, evaluate_layers
from kan.refine import refine, refine_layer, refined_coefficients
from tests.kan.networks import mixed_network, random_layer, random_network, rows_for
from tests.kan.spline_reference import array, cases


@pytest.mark.parametrize("case", cases("refit_cases", exact=True))
def test_reference_refinement_is_met(case: Any) -> None:
    coarse, fine = array(case["coarse_knots"]), array(case["fine_knots"])
    found = refined_coefficients(coarse, array(case["coarse_coef"])[:, None], fine, case["degree"])[:, 0]
    np.testing.assert_allclose(found, array(case["fine_coef"]), rtol=0, atol=case["tolerance"])
    values = curve(array(case["x_test"]), fine, found, case["degree"])
    np.testing.assert_allclose(values, array(case["y_test_coarse"]), rtol=0, atol=case["tolerance"])


@given(st.integers(1, 5), st.integers(1, 8), st.integers(2, 6), st.integers(0, 1000))
def test_nested_refinement_keeps_the_function_everywhere(degree: int, grid: int, times: int, seed: int) -> None:
    state = random_network(2, 2, grid=grid, degree=degree, seed=seed)
    x = np.random.default_rng(seed).uniform(-4, 4, (60, 2))
    before, after = evaluate(state, x), evaluate(refine(state, grid * times), x)
    # Coefficients of far-off extended knots may be large: relative to the largest value seen.
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-10 * max(1.0, np.abs(before).max()))


def test_a_whole_network_refined_twice_predicts_the_same() -> None:
    state = random_network(3, 4, 2, levels=(None, None, 3))
    x = np.random.default_rng(1).uniform(-2, 2, (100, 3))
    x[:, 2] = np.arange(100) % 4
    np.testing.assert_allclose(evaluate(refine(refine(state, 10), 40), x), evaluate(state, x), rtol=0, atol=1e-10)


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_network_with_formulas_products_and_categories_is_refined_whole(seed: int) -> None:
    state = mixed_network(seed)
    x, fine = rows_for(state), refine(state, 20)
    scale = max(np.abs(values).max() for values in evaluate_layers(state, x))
    np.testing.assert_allclose(evaluate(fine, x), evaluate(state, x), rtol=0, atol=1e-10 * (1 + scale))
    for before, after in zip(state.layers, fine.layers, strict=True):
        assert (after.formulas, after.products) == (before.formulas, before.products)


def test_old_knots_stay_bit_for_bit() -> None:
    layer = random_layer(3, 1, grid=7)
    assert np.array_equal(refine_layer(layer, 21).knots[:, 3:-3:3], layer.knots[:, 3:-3])


def test_grid_that_is_no_multiple_is_refused_with_both_numbers() -> None:
    with pytest.raises(InexactRefinement) as refused:
        refine(random_network(2, 1), 8)
    assert (refused.value.grid, refused.value.new_grid) == (5, 8)


def test_inexact_refinement_comes_near_when_asked_for() -> None:
    state = random_network(1, 1, grid=4)
    x = np.linspace(-0.9, 0.9, 50)[:, None]
    before, after = evaluate(state, x), evaluate(refine(state, 41, exact=False), x)
    assert np.abs(after - before).max() < 0.05 * np.abs(before).max()


def test_same_grid_gives_the_same_layer() -> None:
    layer = random_layer(2, 2)
    assert refine_layer(layer, 5) is layer


def test_empty_grid_is_refused() -> None:
    with pytest.raises(InvalidConfig):
        refine_layer(random_layer(1, 1), 0)
