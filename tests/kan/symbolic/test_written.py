"""Expressions as functions: their names, values, ranges, and what is refused."""

import numpy as np
import pytest

from kan.errors import ExpressionError
from kan.symbolic.affine import affine_fit, is_admissible
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.written import function_named, is_written, written


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("t*exp(-2*t)", "x*exp(-2*x)"),
        ("  1/( u**2+1 ) ", "1/(x**2 + 1)"),
        ("2**(1+1)*x**2", "4*x**2"),
        ("cosh(v)", "0.5*(exp(x) + exp(-x))"),
    ],
)
def test_a_function_is_named_by_its_expression_of_x(expression: str, name: str) -> None:
    assert written(expression) == name
    assert written(name) == name


@pytest.mark.parametrize(
    "expression",
    [
        *("", "2", "x1 + x2", "x", "foo(x)", "x*(1/0)", "x**(9**9**9)", "__import__('os').getpid()"),
        *("(" * 10_000 + "x", "x + " * 300 + "x", "sin", "x.real"),
    ],
)
def test_what_is_no_function_of_one_variable_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        written(expression)


@pytest.mark.parametrize("name", ["sine", "t*exp(-t)", "X", "x1", ""])
def test_a_name_that_is_neither_of_the_library_nor_an_expression_of_x_is_refused(name: str) -> None:
    with pytest.raises(ExpressionError):
        function_named(name)


def test_names_of_the_library_stay_what_they_are() -> None:
    assert all(function_named(name) is function and not is_written(name) for name, function in FUNCTIONS.items())


@pytest.mark.parametrize(
    ("expression", "complexity"), [("sin(x)", 2), ("1/x", 2), ("x*exp(-x)", 3), ("1/(x**2 + 1)", 4)]
)
def test_complexity_is_counted_as_in_the_library(expression: str, complexity: int) -> None:
    # sin(x) and 1/x are there as well; only their names differ.
    assert function_named(f"{expression} + 0*x" if expression in FUNCTIONS else expression).complexity == complexity


def test_a_range_with_a_pole_inside_is_not_admissible() -> None:
    name = written("1/(t - 0.3) + sqrt(t + 1)")
    assert is_admissible(name, 0.4, 3.0)
    assert not is_admissible(name, 0.0, 1.0)
    assert not is_admissible(name, -1.5, 0.0)


def test_a_damped_wave_is_fitted_to_its_samples() -> None:
    x = np.linspace(-1.0, 2.0, 201)
    u = 1.7 * x - 0.4
    y = 3.0 * u * np.exp(-u) + 0.5
    fit = affine_fit("x*exp(-x)", x, y)
    assert fit is not None
    # The curve itself, to rounding of the fit.
    again = function_named("x*exp(-x)").value(fit.b * x + fit.c)
    np.testing.assert_allclose(fit.a * again + fit.d, y, atol=1e-6 * y.std())
    assert fit.r2 == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("expression", ["0**t", "(-2)**t", "1 + sin(0**t)"])
def test_what_the_library_cannot_make_up_is_no_new_function_but_one_that_is_stored_is_read(expression: str) -> None:
    with pytest.raises(ExpressionError, match="a power of"):
        written(expression)
    assert np.isfinite(function_named(expression.replace("t", "x")).value(np.array([2.0]))).all()
