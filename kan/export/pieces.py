"""The splines of an edge as polynomial pieces: what needs no knots and no recursion to be evaluated elsewhere."""

from math import factorial

import numpy as np

from kan.bspline import edge_spline, pad_knots
from kan.state import Array, LayerState


def spline_pieces(layer: LayerState, source: int, outside: str) -> tuple[Array, Array]:
    """Gives every spline that leaves an input, with its mask and weight, as a polynomial between each two breaks.

    Piece p holds where so many breaks are <= x; it is a polynomial of x minus the break at its left end, of the first
    piece of x minus the first break.

    Args:
        layer: of the network.
        source: index of an input that is a number.
        outside: "linear" goes on as a line beyond the ends, "zero" is the bare basis.

    Returns:
        breaks (m,) and coefficients (m + 1, degree + 1, outputs), those of the lowest power first.
    """
    degree, knots, coefficients = layer.degree, layer.knots[source], layer.coefficients[source]
    if outside == "zero":
        # The bare basis lives on all knots, of which the grid is only the inner part.
        knots = pad_knots(knots, degree)
        coefficients = np.pad(coefficients, ((degree, degree), (0, 0)))
    breaks = knots[degree : len(knots) - degree]
    powers = [edge_spline(breaks, knots, coefficients, degree, order=r) / factorial(r) for r in range(degree + 1)]
    pieces = np.stack(powers, axis=1)
    pieces = np.concatenate([pieces[:1], pieces])
    # At the upper end the values come from inside too: the last piece has the line's value and slope already.
    if outside == "zero":
        pieces[[0, -1]] = 0.0
    else:
        pieces[[0, -1], 2:] = 0.0
    return breaks, pieces * (layer.mask[source] * layer.spline_weight[source])
