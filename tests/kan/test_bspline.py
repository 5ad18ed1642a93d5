"""The basis against scipy's numbers in tests/data/spline_reference.json, or in the file KAN_SPLINE_REFERENCE names."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from kan.bspline import basis, basis_derivative, curve, edge_spline, local_basis
from kan.knots import extend, quantile_knots, uniform_knots
from kan.predictor import silu
from tests.kan.spline_reference import REFERENCE, array, cases

TOLERANCES = {"value": 1e-12, "d1": 1e-12, "d2": 1e-11}
# On [1000, 1001] the knots themselves are rounded to 1e-13 of the step.
SHIFTED = {"value": 1e-9, "d1": 1e-8, "d2": 1e-7}


def tolerance(case: Any, name: str) -> float:
    """The file's own: absolute for values, per step for slopes, per squared step for curvatures."""
    step = float(np.diff(array(case["grid"])).min())
    table = SHIFTED if case["id"].startswith("shifted") else TOLERANCES
    return float(table[name] / step ** {"value": 0, "d1": 1, "d2": 2}[name])


@pytest.mark.parametrize("case", cases("basis_cases"))
def test_reference_values_slopes_and_curvatures_are_met(case: Any) -> None:
    x, knots, coefficients, degree = array(case["x"]), array(case["knots"]), array(case["coef"]), case["degree"]
    for order, name in enumerate(("value", "d1", "d2")):
        found = basis_derivative(x, knots, degree, order) @ coefficients
        np.testing.assert_allclose(found, array(case[name]), rtol=0, atol=tolerance(case, name))
    np.testing.assert_allclose(
        curve(x, knots, coefficients, degree), array(case["value"]), rtol=0, atol=tolerance(case, "value")
    )


@pytest.mark.parametrize("case", cases("basis_cases"))
def test_reference_basis_and_its_sum_are_met(case: Any) -> None:
    found = basis(array(case["x"]), array(case["knots"]), case["degree"])
    assert found.shape == (len(case["x"]), case["n_basis"])
    if "basis" in case:
        np.testing.assert_allclose(found, array(case["basis"]), rtol=0, atol=tolerance(case, "value"))
    np.testing.assert_allclose(found.sum(axis=1), array(case["basis_sum"]), rtol=0, atol=tolerance(case, "value"))


@pytest.mark.parametrize("case", cases("basis_cases", kind="extended"))
def test_reference_knots_follow_from_the_grid(case: Any) -> None:
    knots = extend(array(case["grid"]), case["degree"])
    np.testing.assert_allclose(knots, array(case["knots"]), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("case", cases("identities"))
def test_greville_coefficients_give_the_identity(case: Any) -> None:
    x, knots, coefficients = array(case["x"]), array(case["knots"]), array(case["coef"])
    expected = [array(case["value"]), np.ones(len(x)), np.zeros(len(x))]
    for order in range(3):
        found = basis_derivative(x, knots, case["degree"], order) @ coefficients
        np.testing.assert_allclose(found, expected[order], atol=case["tolerance"] * 10 ** (2 * order))
    np.testing.assert_allclose(curve(x, knots, np.ones_like(coefficients), case["degree"]), 1.0, atol=1e-12)


def test_reference_silu_is_met() -> None:
    case = REFERENCE["silu"]
    np.testing.assert_allclose(silu(array(case["x"])), array(case["value"]), rtol=1e-14, atol=1e-15)


def test_reference_edge_is_met() -> None:
    case = REFERENCE["edge"]
    x, knots, coefficients = array(case["x"]), array(case["knots"]), array(case["coef"])
    spline = edge_spline(x, knots, coefficients, case["degree"], outside="zero")
    found = case["wb"] * silu(x) + case["ws"] * spline
    np.testing.assert_allclose(found, array(case["value"]), rtol=0, atol=1e-12)


@given(st.integers(1, 5), st.integers(1, 20), st.floats(-1, 1))
def test_basis_is_a_partition_of_unity_inside_the_grid(degree: int, grid: int, x: float) -> None:
    values = basis(np.array([x]), uniform_knots(-1.0, 1.0, grid, degree), degree)
    assert values.sum() == pytest.approx(1.0, abs=1e-13)
    assert values.min() >= -1e-15
    assert np.count_nonzero(values) <= degree + 1


@given(st.integers(1, 5), st.lists(st.floats(-3, 3), min_size=2, max_size=40, unique=True), st.floats(-5, 5))
def test_curve_on_knots_of_any_samples_equals_scipy(degree: int, samples: list[float], x: float) -> None:
    if max(samples) - min(samples) < 1e-3:
        samples = [*samples, 7.0]
    knots = quantile_knots(np.array(samples), 6, degree, 0.3)
    coefficients = np.cos(np.arange(6 + degree) * 1.7)
    inside = knots[degree] <= x <= knots[-degree - 1]
    expected = BSpline(knots, coefficients, degree)(x) if inside else None
    if expected is not None:
        assert curve(np.array([x]), knots, coefficients, degree)[0] == pytest.approx(float(expected), abs=1e-11)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_derivative_equals_a_central_difference(degree: int) -> None:
    knots, step = uniform_knots(-1.0, 1.0, 7, degree), 1e-6
    x = np.linspace(-0.93, 0.93, 50)
    difference = (basis(x + step, knots, degree) - basis(x - step, knots, degree)) / (2 * step)
    away = np.abs(x[:, None] - knots[None, :]).min(axis=1) > 2 * step
    np.testing.assert_allclose(basis_derivative(x, knots, degree)[away], difference[away], atol=1e-7)


def test_derivative_above_the_degree_is_zero() -> None:
    assert not basis_derivative(np.array([0.1]), uniform_knots(-1.0, 1.0, 3, 2), 2, order=3).any()


def test_local_basis_is_the_dense_one_without_its_zeros() -> None:
    knots, x = uniform_knots(-1.0, 1.0, 6, 3), np.linspace(-1.0, 0.999, 40)
    values, first = local_basis(x, knots, 3)
    dense = np.zeros((40, 9))
    dense[np.arange(40)[:, None], first[:, None] + np.arange(4)] = values
    np.testing.assert_allclose(dense, basis(x, knots, 3), atol=1e-15)


def test_local_basis_of_many_inputs_equals_one_at_a_time() -> None:
    knots = np.stack([uniform_knots(-1.0, 1.0, 5, 3), uniform_knots(0.0, 9.0, 5, 3)])
    x = np.stack([np.linspace(-1, 1, 11), np.linspace(0, 9, 11)])
    values, first = local_basis(x, knots, 3)
    for source in range(2):
        alone, alone_first = local_basis(x[source], knots[source], 3)
        assert np.array_equal(values[source], alone)
        assert np.array_equal(first[source], alone_first)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_edge_spline_goes_on_linearly_with_the_slope_from_inside(degree: int) -> None:
    knots = uniform_knots(-1.0, 1.0, 4, degree)
    coefficients = np.sin(np.arange(4 + degree) * 2.1)
    inside = 1.0 - 1e-9
    value = curve(np.array([inside]), knots, coefficients, degree)[0]
    slope = (basis_derivative(np.array([inside]), knots, degree) @ coefficients)[0]
    found = edge_spline(np.array([1.0, 2.0, 5.0]), knots, coefficients, degree)
    np.testing.assert_allclose(found, value + slope * np.array([0.0, 1.0, 4.0]), atol=1e-6)
    assert edge_spline(np.array([3.0]), knots, coefficients, degree, order=1)[0] == pytest.approx(slope, abs=1e-6)


def test_empty_batch_gives_no_rows() -> None:
    knots, none = uniform_knots(-1.0, 1.0, 4, 3), np.empty(0)
    assert basis(none, knots, 3).shape == (0, 7)
    assert edge_spline(none, knots, np.ones((7, 2)), 3).shape == (0, 2)
