"""A finer grid with the same function, by blossoming; a grid that does not contain the old one gets the best fit."""

from dataclasses import replace

import numpy as np

from kan.bspline import edge_spline, grid_intervals
from kan.errors import InexactRefinement, InvalidConfig
from kan.knots import extend, interior
from kan.least_squares import fit_coefficients
from kan.state import Array, LayerState, NetworkState

# Samples for a grid that is not nested: so many in every interval of the finer of the two.
SAMPLES_PER_INTERVAL = 20


def refine(state: NetworkState, grid: int, *, exact: bool = True) -> NetworkState:
    """Gives the network with another number of intervals in every layer.

    Args:
        state: the network.
        grid: intervals wanted.
        exact: refuse a grid that cannot keep the function.

    Raises:
        InexactRefinement: `exact`, and the grid is no integer multiple of a layer's.
    """
    return replace(state, layers=tuple(refine_layer(layer, grid, exact=exact) for layer in state.layers))


def refine_layer(layer: LayerState, grid: int, *, exact: bool = True) -> LayerState:
    """Gives the layer on `grid` intervals; for an integer multiple every edge stays the same function (to 1e-10).

    Args:
        layer: the layer; lo and hi of every input stay.
        grid: intervals wanted.
        exact: refuse a grid that cannot keep the function.

    Raises:
        InexactRefinement: `exact`, and the grid is no integer multiple.
        InvalidConfig: grid < 1.
    """
    if grid < 1:
        raise InvalidConfig("grid", "expected at least 1")
    if grid == layer.grid:
        return layer
    is_nested = grid % layer.grid == 0
    if exact and not is_nested:
        raise InexactRefinement(layer.grid, grid)
    knots = np.stack([extend(_divided(interior(row, layer.degree), grid), layer.degree) for row in layer.knots])
    change = refined_coefficients if is_nested else _fitted_coefficients
    pairs = zip(layer.knots, layer.coefficients, knots, strict=True)
    coefficients = np.stack([change(old, held, new, layer.degree) for old, held, new in pairs])
    return replace(layer, knots=knots, coefficients=coefficients)


def refined_coefficients(knots: Array, coefficients: Array, new_knots: Array, degree: int) -> Array:
    """Gives the coefficients of the same spline on knots whose grid contains the old one.

    Coefficient j on the new knots is the blossom (polar form) of one polynomial piece of the spline at the new knots
    j+1 … j+degree; the piece is taken from the middle of that function's support, inside the grid.

    Args:
        knots: (m,) extended.
        coefficients: (n_basis, outputs).
        new_knots: extended; every old knot of the grid is among them.

    Returns:
        (new n_basis, outputs).

    Source: Ramshaw, Blossoms are polar forms (1989); de Boor's algorithm with a different argument in each step.
    """
    count = len(new_knots) - degree - 1
    grid = interior(new_knots, degree)
    pieces = np.clip(np.arange(count) - degree + (degree + 1) // 2, 0, len(grid) - 2)
    intervals = grid_intervals((grid[pieces] + grid[pieces + 1]) / 2, knots, degree)
    values = [coefficients[intervals - degree + r] for r in range(degree + 1)]
    for step in range(1, degree + 1):
        at = new_knots[np.arange(count) + step]
        for r in range(degree, step - 1, -1):
            left, right = knots[intervals - degree + r], knots[intervals + r + 1 - step]
            share = ((at - left) / (right - left))[:, None]
            values[r] = (1.0 - share) * values[r - 1] + share * values[r]
    return values[degree]


def _fitted_coefficients(knots: Array, coefficients: Array, new_knots: Array, degree: int) -> Array:
    """Gives the best fit to the old spline at many points of its grid."""
    finest = max(len(knots), len(new_knots)) - 2 * degree - 1
    samples = _divided(interior(new_knots, degree), SAMPLES_PER_INTERVAL * finest)
    return fit_coefficients(samples, edge_spline(samples, knots, coefficients, degree), new_knots, degree)


def _divided(grid_knots: Array, grid: int) -> Array:
    """Gives `grid` intervals that follow the spacing of the old ones; a multiple keeps every old knot bit for bit."""
    old = np.arange(len(grid_knots))
    position = np.arange(grid + 1) * (len(grid_knots) - 1)
    divided = np.interp(position / grid, old, grid_knots)
    kept = position % grid == 0
    divided[kept] = grid_knots[position[kept] // grid]
    return divided
