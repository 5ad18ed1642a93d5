"""How dear a network is to be evaluated."""

from dataclasses import replace

from kan.evaluation_cost import evaluated_edges
from kan.state import EdgeFormula, NetworkState
from kan.symbolic.bessel import BESSEL_POINTS
from tests.kan.networks import random_network


def with_formula(function: str) -> NetworkState:
    state = random_network(2, 3, 1)
    first = state.layers[0]
    mask = first.mask.copy()
    mask[0, 0] = 0.0
    formula = EdgeFormula(0, 0, function, 1.0, 1.0, 0.0, 0.0)
    return replace(state, layers=(replace(first, mask=mask, formulas=(formula,)), *state.layers[1:]))


def test_an_edge_counts_once_and_a_bessel_function_as_its_points() -> None:
    assert evaluated_edges(random_network(2, 3, 1)) == 9
    assert evaluated_edges(with_formula("sin")) == 9
    assert evaluated_edges(with_formula("j0")) == 8 + BESSEL_POINTS


def test_a_bessel_function_within_an_expression_counts_too() -> None:
    assert evaluated_edges(with_formula("x*j0(x)")) > BESSEL_POINTS


def test_a_function_that_the_library_cannot_make_up_counts_as_its_operations() -> None:
    # x, -2 and the power between them, beside the edge itself.
    assert evaluated_edges(with_formula("(-2)**x")) == 9 + 3
    assert evaluated_edges(with_formula("j0((-2)**x)")) == 9 + 3 + BESSEL_POINTS
