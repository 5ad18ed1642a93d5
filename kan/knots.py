"""Knot vectors: uniform, from the quantiles of samples, or between the two; extended at both ends."""

import numpy as np
from numpy.typing import NDArray

from kan.errors import InvalidConfig

Array = NDArray[np.float64]

# No interval is narrower than this share of the mean one: repeated values would else make knots coincide (0/0).
MINIMUM_SHARE = 0.05


def uniform_knots(low: float, high: float, grid: int, degree: int) -> Array:
    """Gives `grid` equal intervals over [low, high], extended.

    Args:
        low, high: the ends of the grid, low < high.
        grid: number of intervals, 1 or more.
        degree: spline degree; so many knots are added at each end.

    Returns:
        (grid + 2 * degree + 1,) increasing.

    Raises:
        InvalidConfig: an empty or non-finite range, or grid < 1.
    """
    _check(low, high, grid)
    return extend(np.linspace(low, high, grid + 1), degree)


def quantile_knots(
    samples: Array, grid: int, degree: int, grid_eps: float, low: float | None = None, high: float | None = None
) -> Array:
    """Gives knots that follow the samples: grid_eps 1 = uniform, 0 = equal counts in every interval.

    Args:
        samples: (rows,) finite; may be all equal or empty.
        grid: number of intervals.
        degree: spline degree.
        grid_eps: share of the uniform knots in the blend, [0, 1].
        low, high: ends of the grid; those of the samples where not given.

    Returns:
        (grid + 2 * degree + 1,); every interval at least 5 % of the mean one.

    Raises:
        InvalidConfig: non-finite samples or an empty range.
    """
    samples = np.asarray(samples, dtype=np.float64)
    if not np.isfinite(samples).all():
        raise InvalidConfig("samples", "expected finite numbers")
    low, high = _ends(samples, low, high)
    _check(low, high, grid)
    inside = samples[(samples >= low) & (samples <= high)]
    if not len(inside):
        return uniform_knots(low, high, grid, degree)
    quantiles = np.quantile(inside, np.linspace(0.0, 1.0, grid + 1))
    quantiles[[0, -1]] = low, high
    blended = grid_eps * np.linspace(low, high, grid + 1) + (1.0 - grid_eps) * quantiles
    return extend(_spaced(blended), degree)


def extend(interior: Array, degree: int) -> Array:
    """Adds `degree` knots at both ends, at the mean spacing of the grid.

    Args:
        interior: (grid + 1,) increasing.

    Returns:
        (grid + 2 * degree + 1,).
    """
    step = (interior[-1] - interior[0]) / (len(interior) - 1)
    more = step * np.arange(1, degree + 1)
    return np.concatenate([interior[0] - more[::-1], interior, interior[-1] + more])


def interior(knots: Array, degree: int) -> Array:
    """Gives the knots of the grid alone, lo … hi, without those added at the ends.

    Args:
        knots: (..., grid + 2 * degree + 1).

    Returns:
        (..., grid + 1).
    """
    return knots[..., degree : knots.shape[-1] - degree]


def _ends(samples: Array, low: float | None, high: float | None) -> tuple[float, float]:
    """Gives the ends asked for or those of the samples; one value alone gets room on both sides."""
    least = float(samples.min()) if len(samples) else -1.0
    most = float(samples.max()) if len(samples) else 1.0
    if least == most:
        room = max(1.0, abs(least))
        least, most = least - room, most + room
    return least if low is None else low, most if high is None else high


def _spaced(interior_knots: Array) -> Array:
    """Gives every interval its minimum and shares what is left in proportion to what each has above it."""
    gaps = np.diff(interior_knots)
    width = interior_knots[-1] - interior_knots[0]
    minimum = MINIMUM_SHARE * width / len(gaps)
    excess = np.maximum(gaps - minimum, 0.0)
    gaps = minimum + excess * ((width - minimum * len(gaps)) / excess.sum())
    spaced: Array = interior_knots[0] + np.concatenate([[0.0], np.cumsum(gaps)])
    spaced[-1] = interior_knots[-1]
    return spaced


def _check(low: float, high: float, grid: int) -> None:
    if grid < 1:
        raise InvalidConfig("grid", "expected at least 1")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InvalidConfig("range", f"expected finite low < high, got {low:g} and {high:g}")
