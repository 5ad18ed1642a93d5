"""The shape of a spline, told by its coefficients: whether it only rises, only falls or bends one way.

Coefficients that do not fall give a spline that does not fall; where their slopes, each over the knots it spans, do not
fall, it is convex. Beyond its grid it goes on as a line, which keeps both; not so where splines end at their grid.

Source: de Boor, A Practical Guide to Splines, chapters X and XI (derivatives and shape by coefficients).
"""

import numpy as np

from kan.state import Array, LayerState

# A fall by less of the largest coefficient is rounding.
ROUNDING = 1e-12


def has_shape(layer: LayerState, source: int, target: int, kind: str, rounding: float = ROUNDING) -> bool:
    """Says whether a spline has a shape everywhere; one with a base branch, which both falls and rises, has none.

    Args:
        layer: the layer of the edge.
        source, target: the edge.
        kind: "increasing", "decreasing", "convex" or "concave".
        rounding: the share of the largest coefficient by which one may be off.
    """
    if layer.base_weight[source, target] != 0:
        return False
    # Of numbers in a file that overflow nothing is true.
    with np.errstate(all="ignore"):
        weight = layer.mask[source, target] * layer.spline_weight[source, target]
        coefficients = sign_of(kind) * weight * layer.coefficients[source, :, target]
        steps = np.diff(coefficients)
        if is_bend(kind):
            spans = knot_spans(layer, source)
            steps = np.diff(steps / spans) * spans.min()
        return bool((steps >= -rounding * np.abs(coefficients).max()).all())


def knot_spans(layer: LayerState, source: int) -> Array:
    """Gives the knots' distance that each step from one coefficient to the next is over, (basis - 1,)."""
    knots, count = layer.knots[source], layer.coefficients.shape[1]
    return np.asarray(knots[layer.degree + 1 : layer.degree + count] - knots[1:count])


def sign_of(kind: str) -> float:
    """Gives the factor that makes a function of this shape one that rises or is convex."""
    return -1.0 if kind in ("decreasing", "concave") else 1.0


def is_bend(kind: str) -> bool:
    """Says whether a shape is one of the slope."""
    return kind in ("convex", "concave")
