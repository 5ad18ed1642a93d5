"""From an expression to a network of formulas that predicts it (the kanpiler of KAN 2.0), with general powers.

Source: Liu et al., arXiv 2408.10205, section 4.2.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

import numpy as np

from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.errors import ExpressionError
from kan.knots import uniform_knots
from kan.node_layers import DEGREE, GRID, node_layers
from kan.predictor import evaluate_layers
from kan.state import Array, NetworkState
from kan.statistics import with_statistics
from kan.symbolic.grammar import Expression, Variable
from kan.symbolic.simplifying import simplified
from kan.symbolic.sums import sum_of

# Rows drawn from the ranges for the grids and statistics of the nodes.
SAMPLE_ROWS = 1000
# The square of a larger value would overflow where its spread is taken.
LARGEST = 1e100

Ranges = Mapping[str, tuple[float, float]]


def compiled(expression: Expression, ranges: Ranges, target: str = "y") -> NetworkState:
    """Gives a network of formulas, sums and products that predicts the expression.

    Args:
        expression: as `kan.symbolic.grammar.parse` reads it.
        ranges: column -> (low, high), at least one; they are the network's inputs, in this order.
        target: name of the output.

    Raises:
        ExpressionError: a variable without a range, an expression that is undefined everywhere on them, a power of a
            negative number, or one that needs more than 50,000 edges.
    """
    _check_ranges(expression, ranges)
    layers = node_layers([sum_of(simplified(expression.root))], [Variable(name) for name in ranges])
    inputs = tuple(NumberInput(name, name, 0.0, 1.0, low, high) for name, (low, high) in ranges.items())
    encoding = Encoding(inputs, (NumberOutput(target, 0.0, 1.0),))
    state = NetworkState(tuple(layers), encoding=encoding, origin={"expression": expression.text})
    return _with_grids(state, _sample(ranges))


def _check_ranges(expression: Expression, ranges: Ranges) -> None:
    if not ranges:
        raise ExpressionError("expected the range of at least one column")
    for name in expression.variables:
        if name not in ranges:
            raise ExpressionError(f"{name!r} has no range; ranges are given for {', '.join(ranges)}")
    for name, (low, high) in ranges.items():
        if not (isfinite(low) and isfinite(high) and low < high):
            raise ExpressionError(f"the range of {name!r} is expected to be finite, low < high")


def _sample(ranges: Ranges) -> Array:
    low, high = np.array(list(ranges.values())).T
    inner = np.random.default_rng(0).uniform(size=(SAMPLE_ROWS, len(low)))
    # The two corners, so that the grids of the inputs are the ranges.
    return np.asarray(low + np.vstack([np.zeros(len(low)), np.ones(len(low)), inner]) * (high - low))


def _with_grids(state: NetworkState, x: Array) -> NetworkState:
    """Gives the network with grids over the values that its nodes take, and with their statistics."""
    with np.errstate(all="ignore"):
        columns = evaluate_layers(state, x)
        finite = np.all([(np.abs(values) < LARGEST).all(axis=1) for values in columns], axis=0)
    if not finite.any():
        raise ExpressionError("it is not finite anywhere on the ranges")
    layers = [
        replace(layer, knots=np.stack([_knots(values) for values in nodes[finite].T]))
        for layer, nodes in zip(state.layers, columns, strict=False)
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        found = with_statistics(replace(state, layers=tuple(layers)), x[finite])
    if not all(np.isfinite(layer.statistics.edge_std).all() for layer in found.layers if layer.statistics):
        raise ExpressionError("a part of it is too large on the ranges")
    return found


def _knots(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    is_constant = high - low <= max(1e-9 * max(abs(low), abs(high)), 1.0 / LARGEST)
    room = 0.5 * max(1.0, abs(low)) if is_constant else 0.0
    return uniform_knots(low - room, high + room, GRID, DEGREE)
