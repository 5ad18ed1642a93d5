"""Constants come back to what the rows say, and derivatives are those of finite differences."""

import numpy as np
import pytest

from kan.formulas.refitting import _constants, _replaced, _with_slopes, refitted
from kan.state import Array
from kan.symbolic.grammar import Expression, parse
from kan.symbolic.printing import text

X = {"x1": np.linspace(0.2, 0.9, 80), "x2": np.cos(np.arange(80.0)) * 0.4 + 0.5}


def values(written: str) -> Array:
    return parse(written).evaluate(X)


@pytest.mark.parametrize(
    ("start", "truth"),
    [
        ("1*x1 + 0.2", "3.5*x1 - 7"),
        ("1.5*sin(2.6*x1 + 0.2) + 0.1", "2*sin(3*x1) + 0.5"),
        ("exp(0.5*x1)*x2**2/(1 + 0.5*x2)", "exp(1.5*x1)*x2**2/(1 + 2*x2)"),
        ("-(0.8*x1)**2 - x2", "-(1.7*x1)**2 - x2"),
    ],
)
def test_constants_are_found_again(start: str, truth: str) -> None:
    found = refitted(parse(start).root, X, values(truth), steps=60)
    np.testing.assert_allclose(Expression("", found, (), 0).evaluate(X), values(truth), atol=1e-6)


def test_exponents_stay() -> None:
    found = refitted(parse("1*x1**2").root, X, values("4*x1**3"))
    assert text(found).endswith("*x1**2")


@pytest.mark.parametrize("start", ["log(x1 - 5)", "1/(x1 - x1)"])
def test_an_expression_without_values_is_given_back(start: str) -> None:
    root = parse(start).root
    assert refitted(root, X, X["x1"]) == root


@pytest.mark.parametrize(
    "written",
    [
        *(f"0.7*{name}(0.6*x1 + 0.1)" for name in ("exp", "log", "sqrt", "abs", "sin", "cos", "tan", "tanh", "sinh")),
        *(f"{name}(0.6*x1)" for name in ("cosh", "arcsin", "arccos", "arctan", "arctanh", "sigmoid", "gaussian", "j0")),
        "(0.3*x1 + 1)**(0.4*x2)",
        "(0.3*x1 + 1)**2.5",
        "(0.3*x1 + 1)/(x2 + 0.7) - -(2*x1)",
    ],
)
def test_slopes_are_differences(written: str) -> None:
    root = parse(written).root
    constants = np.array(list(_constants(root)))
    found, slopes = _with_slopes(root, X, 80)
    np.testing.assert_allclose(found, values(written), rtol=1e-12)
    for place in range(len(constants)):
        ends = []
        for sign in (-1, 1):
            moved = constants.copy()
            moved[place] += sign * 1e-6
            ends.append(Expression("", _replaced(root, iter(moved)), (), 0).evaluate(X))
        np.testing.assert_allclose(slopes[:, place], (ends[1] - ends[0]) / 2e-6, rtol=1e-6, atol=1e-8)
