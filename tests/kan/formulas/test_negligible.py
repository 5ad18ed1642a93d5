"""What rounding left in a formula goes, what says anything stays, and the values stay what they were."""

import numpy as np
import pytest
from hypothesis import given, settings

from kan.formulas.formula import Formula, FormulaVariable
from kan.formulas.negligible import without_negligible
from kan.formulas.rounding import rounded
from kan.symbolic.complexity import complexity
from kan.symbolic.grammar import Binary, Constant, Node, parse
from kan.symbolic.simplifying import simplified
from tests.kan.symbolic.trees import trees

NAMES = ("x1", "x2", "age", "year")
ROWS = {
    "x1": np.linspace(0.5, 2.0, 60),
    "x2": np.cos(np.arange(60.0)) + 2.0,
    "age": np.sin(np.arange(60.0)) * 3.0,
    "year": 1990.0 + np.arange(60.0) % 7,
}


def formula(root: Node) -> Formula:
    return Formula("y", root, tuple(FormulaVariable(name, name) for name in NAMES))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.5*(2*x1 - 8.8e-18)*(3*x2 + 3e-18) + 0.0138", "3*x1*x2 + 0.0138"),
        ("(x1 + 0.25)*(x2 - 0.5) + 0.5*x1 - 0.25*x2 + 0.125", "x1*x2"),
        ("(x1 + 2)*(x2 + 3)", "(x1 + 2)*(x2 + 3)"),
        ("2*sin(x1 + 1e-16*x2) + 1e-17", "2*sin(x1)"),
        ("x1/(x2 + 1e-15) + 1e-11*age", "x1/x2 + 1e-11*age"),
        ("(x1 + 1e-15)**0.5 + 1e-9", "x1**0.5 + 1e-09"),
        ("0.02*(year - 1995)*x1", "0.02*(year - 1995)*x1"),
        ("1e-20*x1 + 1e-20*x2", "1e-20*x1 + 1e-20*x2"),
        ("7", "7"),
    ],
)
def test_terms_of_rounding_size_are_dropped_and_no_others(written: str, expected: str) -> None:
    assert without_negligible(formula(parse(written).root), ROWS).written() == expected


def test_a_fitted_product_comes_out_plain_with_few_digits() -> None:
    fitted = formula(parse("0.387*(2.83*x1 - 8.8e-18)*(2.7*x2 + 3e-18)*0.33817286118494 + 2e-17").root)
    assert rounded(without_negligible(fitted, ROWS), ROWS, 4).formula.written() == "x1*x2"


def test_small_terms_stay_where_they_make_up_a_difference() -> None:
    # 1 - 1 leaves the small term alone in the sum: it is the whole.
    whole = formula(parse("x1 - x1*1 + 1e-18*x2").root)
    assert without_negligible(whole, ROWS).written() == "1e-18*x2"


def test_a_larger_share_drops_what_few_digits_do_not_show() -> None:
    whole = formula(parse("x1*x2 + 1e-7*age").root)
    assert without_negligible(whole, ROWS, share=1e-5).written() == "x1*x2"
    assert without_negligible(whole, ROWS).written() == "x1*x2 + 1e-07*age"


def test_a_term_that_is_magnified_later_keeps_the_formula_as_it_was() -> None:
    # 1e-13 beside 1 decides the sign of the argument of an exponential that is 1e12 times steeper.
    whole = formula(parse("exp(1e13*(x1 + 1e-13*x2 - x1))").root)
    np.testing.assert_allclose(without_negligible(whole, ROWS).evaluate(ROWS), whole.evaluate(ROWS), rtol=1e-9)


@settings(max_examples=300, deadline=None)
@given(trees())
def test_values_stay_within_a_ten_billionth_of_their_spread(root: Node) -> None:
    whole = formula(Binary("+", Binary("*", Constant(1.5), root), Constant(1e-17)))
    shorter = without_negligible(whole, ROWS)
    exact, found = whole.evaluate(ROWS), shorter.evaluate(ROWS)
    finite = np.isfinite(exact)
    if shorter is not whole:
        assert np.abs(found[finite] - exact[finite]).max() <= 1e-10 * exact[finite].std()
    assert complexity(shorter.root) <= max(complexity(whole.root), complexity(simplified(whole.root)))
