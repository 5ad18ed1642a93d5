"""Refits against the reference's coefficients, and the promises for samples that cannot determine all of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.bspline import basis, curve
from kan.knots import extend, uniform_knots
from kan.least_squares import CHUNK_ROWS, fit_coefficients
from tests.kan.spline_reference import array, cases


@pytest.mark.parametrize("case", cases("refit_cases"))
def test_reference_refit_is_met(case: Any) -> None:
    samples, degree, fine = array(case["sample_x"]), case["degree"], array(case["fine_knots"])
    targets = curve(samples, array(case["coarse_knots"]), array(case["coarse_coef"]), degree)
    found = fit_coefficients(samples, targets, fine, degree)
    np.testing.assert_allclose(found, array(case["fine_coef"]), rtol=0, atol=case["tolerance"])
    values = curve(array(case["x_test"]), fine, found, degree)
    np.testing.assert_allclose(values, array(case["y_test_fine"]), rtol=0, atol=case["tolerance"])


@pytest.mark.parametrize("case", cases("rank_deficient_properties"))
def test_rank_deficient_fit_is_as_good_as_any(case: Any) -> None:
    x, y, degree = array(case["x"]), array(case["y"]), case["degree"]
    knots = extend(array(case["fine_grid"]), degree)
    matrix = basis(x, knots, degree)
    # numpy's lstsq is gelsd, an SVD: the best there is. Where no spline on this grid meets y, neither can we.
    best = np.abs(matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0] - y).max()
    found = fit_coefficients(x, y, knots, degree)
    assert np.abs(curve(x, knots, found, degree) - y).max() <= best + 1e-8
    assert best <= 1e-4
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 10 * np.abs(y).max()


@pytest.mark.parametrize("case", cases("rank_deficient_properties"))
def test_coefficient_without_a_sample_keeps_its_previous_value(case: Any) -> None:
    x, degree = array(case["x"]), case["degree"]
    knots = extend(array(case["fine_grid"]), degree)
    unseen = np.all(basis(x, knots, degree) == 0, axis=0)
    previous = np.full(unseen.shape, 7.0)
    assert unseen.any()
    assert np.array_equal(fit_coefficients(x, array(case["y"]), knots, degree)[unseen], np.zeros(unseen.sum()))
    found = fit_coefficients(x, array(case["y"]), knots, degree, previous=previous)
    np.testing.assert_allclose(found[unseen], 7.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", cases("rank_deficient_properties"))
def test_twenty_fits_of_the_same_samples_are_bit_equal(case: Any) -> None:
    x, y, knots = array(case["x"]), array(case["y"]), extend(array(case["fine_grid"]), case["degree"])
    first = fit_coefficients(x, y, knots, case["degree"])
    assert all(np.array_equal(fit_coefficients(x, y, knots, case["degree"]), first) for _ in range(20))


def test_many_rows_in_chunks_fit_like_all_at_once() -> None:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, 2 * CHUNK_ROWS + 17)
    y = np.stack([np.sin(3 * x), x**2], axis=1) + generator.normal(size=(len(x), 2))
    knots = uniform_knots(-1.0, 1.0, 8, 3)
    expected = np.linalg.lstsq(basis(x, knots, 3), y, rcond=None)[0]
    np.testing.assert_allclose(fit_coefficients(x, y, knots, 3), expected, atol=1e-10)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-100, 100)), max_size=30))
def test_fit_of_any_samples_is_finite(samples: list[tuple[float, float]]) -> None:
    x, y = np.array([pair[0] for pair in samples]), np.array([pair[1] for pair in samples])
    assert np.isfinite(fit_coefficients(x, y, uniform_knots(-1.0, 1.0, 5, 3), 3)).all()
