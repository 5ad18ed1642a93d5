"""Edges whose formula has no value close to where training rows were: a pole, or the end of what it is defined for."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from kan.encoding import NumberInput
from kan.predictor import evaluate_layers
from kan.state import Array, EdgeFormula, NetworkState
from kan.suggestions import input_range
from kan.symbolic.written import function_named

# Of the range of the rows, on either side of it.
NEAR = 0.1


@dataclass(frozen=True)
class EdgeGap:
    """An edge that has no value somewhere.

    Attributes:
        layer, source, target: the edge.
        function: its name, or its expression.
        message: where, in the user's units where the edge leaves a column.
    """

    layer: int
    source: int
    target: int
    function: str
    message: str


def edge_gaps(state: NetworkState, x: Array | None = None) -> list[EdgeGap]:
    """Gives the formulas that have no value on what rows reach, or within a tenth of that beside it.

    Args:
        state: a network.
        x: (rows, inputs) in network units; without them what the network's statistics say, or its grids, is looked at.
    """
    found = []
    with np.errstate(all="ignore"):
        values = None if x is None else evaluate_layers(state, x)
    for index, layer in enumerate(state.layers):
        for edge in layer.formulas:
            known = None if values is None else values[index][:, edge.source]
            low, high = input_range(layer, edge.source) if known is None else _reach(known)
            # Where the input has no value itself, an edge before is the one to name.
            where = _where(edge, low, high) if isfinite(high - low) and edge.a != 0 else None
            if where:
                place = (index, edge.source, edge.target)
                message = (
                    f"{edge.function} on edge {place} has no value {where.format(*_shown(state, place, low, high))}"
                )
                found.append(EdgeGap(*place, edge.function, message))
    return found


def _reach(values: Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)


def _where(edge: EdgeFormula, low: float, high: float) -> str | None:
    room = NEAR * (high - low)
    if not _has_values(edge, low, high):
        return "somewhere in the range of its input, {0} to {1}"
    sides = (not _has_values(edge, low - room, low), not _has_values(edge, high, high + room))
    return {
        (True, False): "just below {0}, the lower end of the range of its input",
        (False, True): "just above {1}, the upper end of the range of its input",
        (True, True): "just outside {0} to {1}, the range of its input",
    }.get(sides)


def _has_values(edge: EdgeFormula, low: float, high: float) -> bool:
    ends = edge.b * low + edge.c, edge.b * high + edge.c
    return function_named(edge.function).domain.contains(min(ends), max(ends))


def _shown(state: NetworkState, place: tuple[int, int, int], low: float, high: float) -> tuple[str, str]:
    """Gives both ends as text, of a column in its unit."""
    layer, source, _ = place
    item = state.encoding.inputs[source] if state.encoding is not None and layer == 0 else None
    shift, scale = (item.shift, item.scale) if isinstance(item, NumberInput) else (0.0, 1.0)
    return f"{shift + scale * low:.4g}", f"{shift + scale * high:.4g}"
