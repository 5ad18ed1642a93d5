"""Slopes by the definition are what differences of the values are."""

from dataclasses import replace

import numpy as np
import pytest

from kan.errors import ShapeMismatch
from kan.node_layers import formula_layer
from kan.predictor import evaluate
from kan.slopes import input_gradient
from kan.state import EdgeFormula, NetworkState
from tests.kan.networks import mixed_network, random_network, rows_for

STEP = 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_input_gradient_is_the_difference_of_the_outputs(seed: int) -> None:
    state = mixed_network(seed)
    x = rows_for(state)
    pull = np.random.default_rng(seed).normal(size=(len(x), 2))
    found = input_gradient(state, x, pull)
    assert not found[:, 1].any()  # a category
    for source in (0, 2, 3):
        side = STEP * np.eye(4)[source]
        difference = (pull * (evaluate(state, x + side) - evaluate(state, x - side))).sum(axis=1) / (2 * STEP)
        np.testing.assert_allclose(found[:, source], difference, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("factors", [2, 3])
def test_factor_that_is_zero_has_the_slope_of_the_others(factors: int) -> None:
    state = product_of_inputs(factors)
    x = np.array([[0.0, 2.0, 5.0], [0.0, 0.0, 5.0]])[:, :factors]
    found = input_gradient(state, x, np.ones((2, 1)))
    np.testing.assert_allclose(found, [[x[0, 1:].prod(), *[0.0] * (factors - 1)], [0.0, 0.0, 0.0][:factors]])


def product_of_inputs(factors: int) -> NetworkState:
    first = formula_layer(factors, factors, [EdgeFormula(i, i, "x", 1.0, 1.0, 0.0, 0.0) for i in range(factors)])
    return NetworkState((replace(first, products=(factors,)),), base="zero")


def test_no_rows_give_no_rows_and_others_of_another_width_are_refused() -> None:
    state = random_network(3, 2)
    assert input_gradient(state, np.empty((0, 3)), np.empty((0, 2))).shape == (0, 3)
    with pytest.raises(ShapeMismatch):
        input_gradient(state, np.zeros((4, 2)), np.zeros((4, 2)))
