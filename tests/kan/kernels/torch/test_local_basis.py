"""The torch basis against scipy's BSpline, inside and outside the grid."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from kan.kernels.torch.local_basis import dense, local_basis
from kan.knots import quantile_knots, uniform_knots

DEGREES = [1, 2, 3, 4, 5]


def spline(x: torch.Tensor, knots: np.ndarray, degree: int, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes by the basis under test."""
    values, slopes, first = local_basis(x[:, None], torch.from_numpy(knots)[None], degree)
    size = len(coefficients)
    held = torch.from_numpy(coefficients)
    return (dense(values, first, size)[:, 0] @ held).numpy(), (dense(slopes, first, size)[:, 0] @ held).numpy()


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("kind", ["uniform", "quantile"])
def test_values_and_slopes_inside_the_grid_equal_scipy(degree: int, kind: str) -> None:
    generator = np.random.default_rng(degree)
    samples = generator.normal(size=200) ** 3
    knots = uniform_knots(-1, 2, 6, degree) if kind == "uniform" else quantile_knots(samples, 6, degree, 0.0)
    coefficients = generator.normal(size=6 + degree)
    low, high = knots[degree], knots[-degree - 1]
    # Knots of degree 1 are kinks, where the slope is a matter of convention: stay off them.
    x = np.linspace(low, high, 97)[1:-1] + 1e-4
    truth = BSpline(knots, coefficients, degree)
    values, slopes = spline(torch.from_numpy(x), knots, degree, coefficients)
    # Both are recurrences of `degree` steps in float64; slopes are larger by 1 / step.
    np.testing.assert_allclose(values, truth(x), rtol=0, atol=1e-12 * np.abs(coefficients).max())
    np.testing.assert_allclose(slopes, truth(x, nu=1), rtol=1e-9, atol=1e-9 / np.diff(knots).min() * 1e-2)


@pytest.mark.parametrize("degree", DEGREES)
def test_outside_the_grid_goes_on_with_value_and_slope_of_the_end(degree: int) -> None:
    knots = uniform_knots(-1.0, 1.0, 5, degree)
    coefficients = np.random.default_rng(0).normal(size=5 + degree)
    truth = BSpline(knots, coefficients, degree)
    inside = np.nextafter(1.0, 0.0)
    x = np.array([-9.0, -1.0 - 1e-9, 1.0 + 1e-9, 3.5, 1e6])
    at = np.where(x < 0, -1.0, inside)
    values, slopes = spline(torch.from_numpy(x), knots, degree, coefficients)
    np.testing.assert_allclose(slopes, truth(at, nu=1), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(values, truth(at) + (x - np.where(x < 0, -1.0, 1.0)) * truth(at, nu=1), rtol=1e-9)


@pytest.mark.parametrize("degree", DEGREES)
def test_basis_sums_to_one_everywhere_and_its_slopes_to_zero(degree: int) -> None:
    knots = torch.from_numpy(uniform_knots(-1.0, 1.0, 5, degree))[None]
    x = torch.linspace(-5, 5, 101, dtype=torch.float64)[:, None]
    values, slopes, _ = local_basis(x, knots, degree)
    torch.testing.assert_close(values.sum(-1), torch.ones_like(x), rtol=0, atol=1e-12)
    torch.testing.assert_close(slopes.sum(-1), torch.zeros_like(x), rtol=0, atol=1e-12)


def test_right_end_belongs_to_the_last_interval() -> None:
    knots = torch.from_numpy(uniform_knots(0.0, 1.0, 4, 3))[None]
    values, _, first = local_basis(torch.tensor([[1.0]], dtype=torch.float64), knots, 3)
    assert int(first) == 3
    assert values.squeeze().tolist() == pytest.approx([0.0, 1 / 6, 4 / 6, 1 / 6], abs=1e-14)


def test_no_rows_and_no_inputs_give_empty_arrays() -> None:
    knots = torch.from_numpy(uniform_knots(0.0, 1.0, 4, 3))
    assert local_basis(torch.zeros(0, 1, dtype=torch.float64), knots[None], 3)[0].shape == (0, 1, 4)
    assert local_basis(torch.zeros(7, 0, dtype=torch.float64), knots[None][:0], 3)[0].shape == (7, 0, 4)
