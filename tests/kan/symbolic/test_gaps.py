"""Parts of an expression that have no value: found between the rows, too."""

import numpy as np
import pytest

from kan.symbolic.gaps import gaps, is_total
from kan.symbolic.grammar import parse
from kan.symbolic.printing import text

X = np.linspace(-1.0, 1.0, 50)


@pytest.mark.parametrize(
    ("expression", "part", "low", "high"),
    [
        ("1 + log(x)", "log(x)", -1.0, 1.0),
        ("2/x", "2/x", -1.0, 1.0),
        ("x**-3", "x**(-3)", -1.0, 1.0),
        ("sqrt(x - 0.5)*3", "sqrt(x - 0.5)", -1.5, 0.5),
        ("(2*x)**1.5", "(2*x)**1.5", -2.0, 2.0),
        ("(x + 3)**x + x**x", "x**x", -1.0, 1.0),
        ("arcsin(2*x)", "arcsin(2*x)", -2.0, 2.0),
        ("tan(2*x)", "tan(2*x)", -2.0, 2.0),
    ],
)
def test_the_part_and_what_its_operand_runs_over_are_named(expression: str, part: str, low: float, high: float) -> None:
    # No row is at 0: the pole lies between two of them.
    (found,) = gaps(parse(expression).root, {"x": X})
    assert (text(found.part), found.touches) == (part, False)
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("expression", ["log(x + 1)", "1/(x - 1)", "arctanh(x)", "(x + 1)**-0.5"])
def test_what_only_the_border_meets_is_told_apart(expression: str) -> None:
    (found,) = gaps(parse(expression).root, {"x": X})
    assert found.touches


@pytest.mark.parametrize(
    "expression", ["sqrt(x + 1)", "1/(x**2 + 1)", "log(x + 1.1)", "j0(900*x)", "x**4", "2**x", "arcsin(x)"]
)
def test_what_has_a_value_everywhere_has_no_gap(expression: str) -> None:
    assert gaps(parse(expression).root, {"x": X}) == []


def test_an_inner_part_is_named_before_the_outer_one() -> None:
    found = gaps(parse("log(1/x)").root, {"x": X})
    assert [text(gap.part) for gap in found] == ["1/x", "log(1/x)"]


def test_functions_of_all_numbers_are_total() -> None:
    assert is_total(parse("exp(x) + sin(x)**2 - abs(x)").root)
    assert not is_total(parse("exp(x)/x").root)
