"""The B-spline basis, its derivatives, a curve from coefficients: the one definition every backend is tested against.

Intervals are half open, [t_j, t_j+1), so whatever jumps at a knot takes its right-hand value, and every basis function
is 0 outside the knots. A knot vector that repeats its last knot degree + 1 times (clamped) is closed there.
Source: de Boor, A Practical Guide to Splines, ch. IX-X; KAN (arXiv 2404.19756) section 2.2.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def basis(x: Array, knots: Array, degree: int) -> Array:
    """Gives the value of every basis function at every x.

    Args:
        x: (rows,) any finite numbers; may be empty.
        knots: (n_basis + degree + 1,) not decreasing.
        degree: 0 or more.

    Returns:
        (rows, n_basis); rows of zeros outside the knots.
    """
    return basis_derivative(x, knots, degree, order=0)


def basis_derivative(x: Array, knots: Array, degree: int, order: int = 1) -> Array:
    """Gives a derivative of every basis function; the right-hand one where it jumps at a knot.

    Args:
        x: (rows,).
        knots: (n_basis + degree + 1,).
        degree: of the basis.
        order: 0 = the value, 1 = the slope; zero above the degree.

    Returns:
        (rows, n_basis).
    """
    x = np.asarray(x, dtype=np.float64)
    knots = np.asarray(knots, dtype=np.float64)
    intervals = _half_open_intervals(x, knots)
    values = np.stack(_functions(x, pad_knots(knots, degree), intervals + degree, degree, order), axis=-1)
    is_clamped = knots[-1] == knots[len(knots) - degree - 1]
    beyond = (x > knots[-1]) if is_clamped else (x >= knots[-1])
    values[(x < knots[0]) | beyond] = 0.0
    dense = np.zeros((len(x), len(knots) + degree - 1))
    dense[np.arange(len(x))[:, None], intervals[:, None] + np.arange(degree + 1)] = values
    return dense[:, degree : dense.shape[1] - degree]


def curve(x: Array, knots: Array, coefficients: Array, degree: int) -> Array:
    """Gives sum_j coefficients_j B_j(x), zero outside the knots.

    Args:
        x: (rows,).
        coefficients: (n_basis,) or (n_basis, outputs).

    Returns:
        (rows,) or (rows, outputs).
    """
    combined: Array = basis(x, knots, degree) @ coefficients
    return combined


def local_basis(x: Array, knots: Array, degree: int, order: int = 0) -> tuple[Array, Indices]:
    """Gives the degree + 1 basis functions that are not zero at each x inside the grid.

    An x at the upper end or beyond belongs to the last interval of the grid, one below to the first: there the
    polynomial of the end interval goes on, so that a value or slope taken at an end comes from INSIDE.

    Args:
        x: (rows,) with knots (m,), or (inputs, rows) with knots (inputs, m).
        knots: extended by `degree` at both ends.
        order: derivative wanted, 0 = the value.

    Returns:
        values (*x.shape, degree + 1), and the index of the first of these functions, x.shape.
    """
    functions, first = local_functions(x, knots, degree, order)
    return np.stack(functions, axis=-1), first


def local_functions(x: Array, knots: Array, degree: int, order: int = 0) -> tuple[list[Array], Indices]:
    """Gives what `local_basis` gives, one array of x.shape per function: no copy into one block."""
    x = np.asarray(x, dtype=np.float64)
    intervals = grid_intervals(x, knots, degree)
    return _functions(x, knots, intervals, degree, order), intervals - degree


def grid_intervals(x: Array, knots: Array, degree: int) -> Indices:
    """Gives the index of the knot at the left end of the grid interval each x lies in, clamped to the grid.

    Args:
        x: (rows,) with knots (m,), or (inputs, rows) with knots (inputs, m).

    Returns:
        x.shape, between degree and m - degree - 2.
    """
    # Searching among lo … the last inner knot clamps the upper side by itself.
    searched = knots[..., degree : knots.shape[-1] - degree - 1]
    if knots.ndim == 1:
        found = np.searchsorted(searched, x, side="right")
    else:
        found = np.empty(x.shape, dtype=np.intp)
        for source, row in enumerate(searched):
            found[source] = np.searchsorted(row, x[source], side="right")
    return np.maximum(found - 1, 0) + degree


def edge_spline(
    x: Array, knots: Array, coefficients: Array, degree: int, outside: str = "linear", order: int = 0
) -> Array:
    """Gives the spline of an edge, with its rule outside the grid [lo, hi].

    Args:
        x: (rows,).
        coefficients: (n_basis,) or (n_basis, outputs).
        outside: "linear" goes on with the value and slope from inside the end interval; "zero" is the bare basis.
        order: 0 = the value, 1 = the slope.

    Returns:
        (rows,) or (rows, outputs).
    """
    x = np.asarray(x, dtype=np.float64)
    if outside == "zero":
        combined: Array = basis_derivative(x, knots, degree, order) @ coefficients
        return combined
    inside = np.clip(x, knots[degree], knots[len(knots) - degree - 1])
    value = _gathered(inside, knots, coefficients, degree, order)
    if order == 0 and bool(np.any(inside != x)):
        value += _column(x - inside, coefficients) * _gathered(inside, knots, coefficients, degree, 1)
    return value


def pad_knots(knots: Array, degree: int) -> Array:
    """Gives the knots with `degree` more at both ends: then the outermost intervals too have degree + 1 functions."""
    step = (knots[-1] - knots[0]) / (len(knots) - 1)
    more = step * np.arange(1, degree + 1)
    return np.concatenate([knots[0] - more[::-1], knots, knots[-1] + more])


def _gathered(x: Array, knots: Array, coefficients: Array, degree: int, order: int) -> Array:
    functions, first = local_functions(x, knots, degree, order)
    total = np.zeros((len(x), *coefficients.shape[1:]))
    for k, values in enumerate(functions):
        total += _column(values, coefficients) * coefficients[first + k]
    return total


def _column(values: Array, coefficients: Array) -> Array:
    """Shapes one number a row so that it multiplies every output of that row."""
    return values if coefficients.ndim == 1 else values[:, None]


def _half_open_intervals(x: Array, knots: Array) -> Indices:
    """Gives the interval of each x, never an empty one; the nearest for an x beyond, which the caller then zeroes."""
    first = np.searchsorted(knots, knots[0], side="right") - 1
    last = np.searchsorted(knots, knots[-1], side="left") - 1
    return np.clip(np.searchsorted(knots, x, side="right") - 1, first, last)


def _functions(x: Array, knots: Array, intervals: Indices, degree: int, order: int) -> list[Array]:
    """Gives the functions of degree - order that live in each interval, raised order times.

    Equation: d/dx B_j,d = d (B_j,d-1 / (t_j+d - t_j) - B_j+1,d-1 / (t_j+d+1 - t_j+1)).
    """
    if order > degree:
        return [np.zeros(x.shape) for _ in range(degree + 1)]
    window = _Window(knots, intervals, degree)
    values = _values(x, window, degree - order)
    for d in range(degree - order + 1, degree + 1):
        scaled = [d * value / (window[r + 1] - window[r + 1 - d]) for r, value in enumerate(values)]
        zero = np.zeros(x.shape)
        values = [before - here for before, here in zip([zero, *scaled], [*scaled, zero], strict=True)]
    return values


def _values(x: Array, window: "_Window", reach: int) -> list[Array]:
    """The Cox-de Boor triangle up to degree `reach`; no width is 0, for the interval each lies in is not empty."""
    values = [np.ones(x.shape)]
    left, right = [x - window[-r] for r in range(reach)], [window[r + 1] - x for r in range(reach)]
    for d in range(1, reach + 1):
        carried: Array | float = 0.0
        for r in range(d):
            share = values[r] / (right[r] + left[d - 1 - r])
            values[r] = carried + right[r] * share
            carried = left[d - 1 - r] * share
        values.append(np.asarray(carried))
    return values


class _Window:
    """The knots around each interval s: `window[r]` is t_(s+r), read from the right row of knots."""

    def __init__(self, knots: Array, intervals: Indices, degree: int) -> None:
        rows = np.arange(len(knots))[:, None] * knots.shape[1] if knots.ndim == 2 else 0
        flat, at = np.ravel(knots), intervals + rows
        self._rows: dict[int, Array] = {r: flat[at + r] for r in range(1 - degree, degree + 1)}

    def __getitem__(self, offset: int) -> Array:
        return self._rows[offset]
