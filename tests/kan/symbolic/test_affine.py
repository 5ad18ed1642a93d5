"""Curves made by numpy and scipy, not by the library, are found again with the constants they were made with."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.symbolic.affine import affine_fit, is_admissible
from kan.symbolic.functions import FUNCTIONS

X = np.linspace(-1.0, 1.0, 201)
CURVES = {
    "x": 3.0 * X - 2.0,
    "x^2": 2.0 * (X - 0.3) ** 2 + 1.0,
    "x^3": (X + 0.5) ** 3,
    "1/x": 1.0 / (X + 1.3),
    "1/x^2": 1.0 / (1.5 - X) ** 2,
    "sqrt": np.sqrt(X + 1.0),
    "1/sqrt": 1.0 / np.sqrt(1.0 - 0.81 * X),
    "exp": 3.0 * np.exp(-1.7 * X) + 2.0,
    "log": np.log(X + 1.01),
    "abs": np.abs(2.0 * X - 0.6),
    "sin": np.sin(25.0 * X + 0.3),
    "cos": 0.2 * np.cos(7.0 * X),
    "tan": np.tan(1.2 * X),
    "tanh": np.tanh(4.0 * X + 1.0),
    "sigmoid": scipy.special.expit(9.0 * X),
    "arcsin": np.arcsin(0.9 * X),
    "arctan": np.arctan(5.0 * X - 1.0),
    "arctanh": np.arctanh(0.95 * X),
    "gaussian": np.exp(-((3.0 * X - 0.4) ** 2)),
    "j0": scipy.special.j0(20.0 * X),
}


@pytest.mark.parametrize("function", CURVES)
def test_curve_of_a_function_is_found_again_to_rounding(function: str) -> None:
    fit = affine_fit(function, X, CURVES[function])
    assert fit is not None
    assert fit.r2 == pytest.approx(1.0, abs=1e-12)
    value = fit.a * FUNCTIONS[function].value(fit.b * X + fit.c) + fit.d
    assert np.abs(value - CURVES[function]).max() < 1e-8 * np.ptp(CURVES[function])


@pytest.mark.parametrize(("function", "b", "c"), [("sin", 25.0, 0.3), ("j0", 20.0, 0.0)])
def test_frequency_beyond_ten_is_found(function: str, b: float, c: float) -> None:
    """Pykan looks for b in [-10, 10] only (D7): R2 0.0087 for the first."""
    fit = affine_fit(function, X, CURVES[function])
    assert fit is not None
    assert [fit.b, fit.c] == pytest.approx([b, c], abs=1e-8)


@pytest.mark.parametrize("amplitude", [1.0, 1e-2, 1e-4, 1e-8])
def test_r2_does_not_depend_on_the_amplitude(amplitude: float) -> None:
    """Pykan adds 1e-4 to the variance (D6): R2 0.494 at 1e-4."""
    fit = affine_fit("sin", X, amplitude * np.sin(3.0 * X + 0.5) + 7.0)
    assert fit is not None
    assert fit.r2 == pytest.approx(1.0, abs=1e-6 if amplitude < 1e-6 else 1e-10)


def test_constant_curve_and_single_point_have_no_fit() -> None:
    assert affine_fit("sin", X, np.full(201, 2.0)) is None
    assert affine_fit("sin", np.zeros(5), np.arange(5.0)) is None


def test_weight_says_which_samples_count() -> None:
    y = np.where(X > 0, 2.0 * X, -50.0)
    fit = affine_fit("x", X, y, np.where(X > 0, 1.0, 1e-12))
    assert fit is not None
    assert fit.a == pytest.approx(2.0, abs=1e-6)


def test_a_pole_or_an_end_never_lies_within_the_samples() -> None:
    for function in ("1/x", "log", "sqrt", "tan", "arcsin", "arctanh"):
        fit = affine_fit(function, X, np.sign(X) + 0.1 * np.sin(40 * X))
        assert fit is None or is_admissible(function, fit.c - abs(fit.b), fit.c + abs(fit.b))


@settings(max_examples=40, deadline=None)
@given(
    function=st.sampled_from(["exp", "sin", "gaussian", "tanh", "1/x", "x^2", "sqrt"]),
    b=st.floats(0.3, 3.0),
    c=st.floats(3.1, 4.0),
    low=st.floats(-50.0, 50.0),
    width=st.floats(0.01, 100.0),
)
def test_no_unit_of_x_hides_a_function(function: str, b: float, c: float, low: float, width: float) -> None:
    x = np.linspace(low, low + width, 101)
    t = 2.0 * (x - low) / width - 1.0
    y = FUNCTIONS[function].value(b * t + (c if function in ("1/x", "sqrt") else 0.2 * c))
    fit = affine_fit(function, x, y)
    assert fit is not None
    assert fit.r2 > 1.0 - 1e-8
