"""Knot vectors: what the grid is, and that it survives repeated values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.errors import InvalidConfig
from kan.knots import MINIMUM_SHARE, extend, interior, quantile_knots, uniform_knots


def test_uniform_knots_are_written_out() -> None:
    np.testing.assert_allclose(uniform_knots(0.0, 2.0, 2, 3), [-3, -2, -1, 0, 1, 2, 3, 4, 5])


def test_interior_undoes_extend() -> None:
    grid = np.array([0.0, 0.1, 0.5, 2.0])
    assert np.array_equal(interior(extend(grid, 3), 3), grid)


def test_quantile_knots_have_equal_counts_between_them() -> None:
    samples = np.random.default_rng(0).normal(size=6000)
    counts, _ = np.histogram(samples, interior(quantile_knots(samples, 6, 3, 0.0), 3))
    # The minimum width of an interval moves a knot a little.
    assert np.all(np.abs(counts - 1000) < 60)


def test_grid_eps_one_is_uniform() -> None:
    samples = np.array([0.0, 0.1, 0.2, 4.0])
    np.testing.assert_allclose(quantile_knots(samples, 4, 2, 1.0), uniform_knots(0.0, 4.0, 4, 2), atol=1e-15)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=50),
    st.integers(1, 20),
    st.integers(1, 5),
    st.floats(0, 1),
)
def test_intervals_of_any_samples_keep_their_minimum(samples: list[float], grid: int, degree: int, eps: float) -> None:
    knots = quantile_knots(np.array(samples), grid, degree, eps)
    gaps, width = np.diff(knots), knots[-degree - 1] - knots[degree]
    assert len(knots) == grid + 2 * degree + 1
    assert gaps.min() >= 0.99 * MINIMUM_SHARE * width / grid


def test_column_of_mostly_zeros_has_no_double_knots() -> None:
    knots = quantile_knots(np.array([0.0] * 90 + list(range(1, 11))), 8, 3, 0.0)
    assert np.diff(knots).min() > 0


def test_constant_samples_get_room_on_both_sides() -> None:
    knots = quantile_knots(np.full(5, 3.0), 4, 3, 0.0)
    assert (knots[3], knots[-4]) == (0.0, 6.0)


@pytest.mark.parametrize(("low", "high", "grid"), [(1.0, 1.0, 3), (2.0, 1.0, 3), (0.0, np.inf, 3), (0.0, 1.0, 0)])
def test_impossible_grid_is_refused(low: float, high: float, grid: int) -> None:
    with pytest.raises(InvalidConfig):
        uniform_knots(low, high, grid, 3)


def test_samples_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InvalidConfig, match="finite"):
        quantile_knots(np.array([0.0, np.nan]), 3, 3, 1.0)
