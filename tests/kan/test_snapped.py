"""An edge becomes a formula and a spline again, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.checkpoint import dump, load
from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.errors import InvalidConfig
from kan.predictor import evaluate
from kan.snapped import with_formula, without_ends, without_formula
from kan.state import EdgeFormula, NetworkState, in_order
from tests.kan.kernels.cpu.definition import slow_outputs
from tests.kan.networks import mixed_network, random_network, rows_for

SINE = EdgeFormula(0, 1, "sin", 2.0, 3.0, 0.5, -1.0)


def test_formula_is_all_that_the_edge_adds() -> None:
    state = random_network(1, 2)
    x = rows_for(state)
    after = evaluate(with_formula(state, 0, SINE), x)
    np.testing.assert_allclose(after[:, 1], 2.0 * np.sin(3.0 * x[:, 0] + 0.5) - 1.0, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(after[:, 0], evaluate(state, x)[:, 0])


def test_column_that_only_formulas_read_counts_without_end_and_others_keep_theirs() -> None:
    ends = NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0, floor=-1.25, ceiling=1.25)
    encoding = Encoding((ends, ends), (NumberOutput("y", 0.0, 1.0), NumberOutput("z", 0.0, 1.0)))
    state = random_network(2, 2, encoding=encoding)
    for target in (0, 1):
        state = with_formula(state, 0, EdgeFormula(0, target, "x^2", 1.0, 1.0, 0.0, 0.0))
    state = with_formula(state, 0, EdgeFormula(1, 0, "x^2", 1.0, 1.0, 0.0, 0.0))
    freed = without_ends(state).encoding
    assert freed is not None
    assert freed.inputs == (replace(ends, floor=None, ceiling=None), ends)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_every_spline_edge_becomes_a_formula_and_is_given_back_bit_for_bit(seed: int) -> None:
    state = mixed_network(seed)
    for index, layer in enumerate(state.layers):
        for source, target in np.argwhere(layer.mask != 0):
            if layer.level_table(int(source)) is None:
                formula = EdgeFormula(int(source), int(target), "x^2", 0.3, 0.4, 0.5, 0.6)
                fixed = load(dump(with_formula(state, index, formula)))
                x = rows_for(state, rows=5)
                np.testing.assert_allclose(evaluate(fixed, x), slow_outputs(fixed, x), rtol=1e-9, atol=1e-9)
                assert dump(without_formula(fixed, index, int(source), int(target))) == dump(state)


def test_another_formula_replaces_the_first() -> None:
    state = random_network(2, 2)
    twice = with_formula(with_formula(state, 0, SINE), 0, EdgeFormula(0, 1, "exp", 1.0, 1.0, 0.0, 0.0))
    assert [formula.function for formula in twice.layers[0].formulas] == ["exp"]
    assert dump(without_formula(twice, 0, 0, 1)) == dump(state)


def test_spline_stays_a_spline() -> None:
    state = random_network(2, 2)
    assert without_formula(state, 0, 1, 1) is state


def test_order_of_formulas_is_that_of_their_edges() -> None:
    formulas = [EdgeFormula(source, target, "x", 1.0, 1.0, 0.0, 0.0) for source, target in ((1, 0), (0, 1), (0, 0))]
    assert in_order(formulas) == tuple(reversed(formulas))


@pytest.mark.parametrize(
    ("state", "formula", "field"),
    [
        (random_network(2, 1), EdgeFormula(2, 0, "x", 1.0, 1.0, 0.0, 0.0), "source"),
        (random_network(2, 1), EdgeFormula(0, 1, "x", 1.0, 1.0, 0.0, 0.0), "target"),
        (random_network(2, 1), EdgeFormula(0, 0, "zeta", 1.0, 1.0, 0.0, 0.0), "function"),
        (random_network(2, 1), EdgeFormula(0, 0, "0**x", 1.0, 0.1, 2.0, 0.0), "function"),
        (random_network(2, 1), EdgeFormula(0, 0, "x", 1.0, np.inf, 0.0, 0.0), "b"),
        (random_network(2, 1, levels=(3, None)), EdgeFormula(0, 0, "x", 1.0, 1.0, 0.0, 0.0), "source"),
    ],
)
def test_formula_that_no_edge_can_have_is_refused(state: NetworkState, formula: EdgeFormula, field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        with_formula(state, 0, formula)
    assert refused.value.field == field
