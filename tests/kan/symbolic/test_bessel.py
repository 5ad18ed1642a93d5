"""Bessel's functions against scipy's and against digits that mpmath gives."""

import numpy as np
import pytest
import torch
from scipy import special

from kan.symbolic.bessel import FAR, bessel, hankel_coefficients

# 20 digits by mpmath 1.3 with 30: before and after the end of the first form, and where scipy itself errs by 1e-12.
EXACT = {
    0: {
        24.999: 0.096141382406168526329,
        25.0: 0.096266783275958116174,
        600.5: -0.030805149986298940562,
        12345.678: 0.000030586713322758247441,
        1e9: 0.000024687471886269195114,
    },
    1: {
        24.999: -0.12545146980669455586,
        25.0: -0.12535024958028990465,
        600.5: 0.010519109319405998016,
        12345.678: -0.0071808949647393734245,
        1e9: -5.2104226415538777997e-6,
    },
}


@pytest.mark.parametrize("order", [0, 1])
def test_value_has_the_digits_of_the_exact_one_near_and_far(order: int) -> None:
    x = np.array(list(EXACT[order]))
    np.testing.assert_allclose(bessel(order, x, np), list(EXACT[order].values()), rtol=0, atol=1e-15)


@pytest.mark.parametrize("order", [0, 1])
def test_value_is_that_of_scipy_on_both_sides_of_zero(order: int) -> None:
    x = np.concatenate([np.linspace(-60.0, 60.0, 4001), np.geomspace(25.0, 1e5, 500), -np.geomspace(25.0, 1e5, 500)])
    expected = [special.j0, special.j1][order](x)
    # Far out scipy takes the cosine of a rounded x - pi/4.
    np.testing.assert_allclose(bessel(order, x, np), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("order", [0, 1])
def test_a_tensor_gets_the_values_of_an_array(order: int) -> None:
    x = np.linspace(-60.0, 60.0, 300).reshape(3, 100)
    found = bessel(order, torch.from_numpy(x), torch).numpy()
    np.testing.assert_allclose(found, bessel(order, x, np), rtol=0, atol=1e-15)


def test_value_does_not_jump_where_the_form_changes() -> None:
    ends = np.array([np.nextafter(FAR, 0.0), FAR])
    for order in (0, 1):
        before, after = bessel(order, ends, np)
        assert before == pytest.approx(after, abs=1e-15)


def test_what_is_no_finite_number_has_no_value() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(bessel(0, np.array([np.nan, np.inf, -np.inf]), np)).all()


def test_coefficients_are_those_of_the_handbook() -> None:
    # Abramowitz and Stegun 9.2.9 and 9.2.10, with mu = 0 and mu = 4.
    assert hankel_coefficients(0)[:4] == pytest.approx((1.0, -1 / 8, -9 / 128, 225 / 3072))
    assert hankel_coefficients(1)[:4] == pytest.approx((1.0, 3 / 8, 15 / 128, -315 / 3072))
