"""Evaluates a frozen network: numpy only, no autograd, the same bits for a row alone as among many.

Sums go edge by edge, element by element: a BLAS product or a pairwise sum would round differently with the number
of rows.
"""

import numpy as np

from kan.bspline import edge_spline, local_functions, pad_knots
from kan.errors import ShapeMismatch
from kan.state import Array, LayerState, NetworkState


def evaluate(state: NetworkState, x: Array) -> Array:
    """Gives the outputs of the network.

    Args:
        state: the network.
        x: (rows, inputs) in network units; a category input holds its level's index. May have no rows.

    Returns:
        (rows, outputs); not finite where the numbers overflow, which the caller must look at.

    Raises:
        ShapeMismatch: x has another number of columns.
    """
    return evaluate_layers(state, x)[-1]


def evaluate_layers(state: NetworkState, x: Array) -> list[Array]:
    """Gives what enters every layer, and last the outputs of the network.

    Args:
        x: (rows, inputs).

    Returns:
        one (rows, nodes) array per column of nodes, inputs first.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != state.layers[0].inputs:
        raise ShapeMismatch("x", f"(rows, {state.layers[0].inputs})", x.shape)
    values = [x]
    for layer in state.layers:
        values.append(layer_values(layer, values[-1], base=state.base, outside=state.outside))
    return values


def layer_values(layer: LayerState, x: Array, *, base: str = "silu", outside: str = "linear") -> Array:
    """Gives the nodes behind one layer: the sum of the edges that enter each.

    Args:
        x: (rows, inputs).

    Returns:
        (rows, outputs).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        splines = _LayerSplines(layer, x, outside)
        base_values = silu(x) if base == "silu" else None
        total = np.zeros((len(x), layer.outputs))
        for source in range(layer.inputs):
            table = layer.level_table(source)
            if table is not None:
                total += layer.mask[source] * _level_rows(table.values, x[:, source])
                continue
            total += splines.values(source)
            if base_values is not None:
                total += base_values[:, source, None] * (layer.mask[source] * layer.base_weight[source])
    return total


def edge_values(layer: LayerState, source: int, x: Array, *, base: str = "silu", outside: str = "linear") -> Array:
    """Gives every edge that leaves one input.

    Args:
        source: index of the input.
        x: (rows,) values of that input (level indices for a category).

    Returns:
        (rows, outputs).
    """
    x = np.asarray(x, dtype=np.float64)
    table = layer.level_table(source)
    with np.errstate(over="ignore", invalid="ignore"):
        if table is not None:
            rows: Array = layer.mask[source] * _level_rows(table.values, x)
            return rows
        spline = edge_spline(x, layer.knots[source], layer.coefficients[source], layer.degree, outside)
        values = layer.spline_weight[source] * spline
        if base == "silu":
            values = values + layer.base_weight[source] * silu(x)[:, None]
        masked: Array = layer.mask[source] * values
        return masked


def silu(x: Array) -> Array:
    """Gives x * sigmoid(x); never overflows, for its exponential only sees negative numbers."""
    decay = np.exp(-np.abs(x))
    return x * np.where(x >= 0, 1.0, decay) / (1.0 + decay)


class _LayerSplines:
    """The spline part of a layer: basis values of all inputs at once, then one input's edges at a time."""

    def __init__(self, layer: LayerState, x: Array, outside: str) -> None:
        self._degree, self._is_zero = layer.degree, outside == "zero"
        self._weights = layer.coefficients * (layer.mask * layer.spline_weight)[:, None, :]
        self._knots = layer.knots
        if self._is_zero:
            self._knots = np.stack([pad_knots(row, layer.degree) for row in layer.knots])
            self._weights = np.pad(self._weights, ((0, 0), (layer.degree, layer.degree), (0, 0)))
        # One row per input: what follows then reads memory in order.
        turned = np.ascontiguousarray(x.T)
        ends = self._knots[:, [layer.degree, self._knots.shape[1] - layer.degree - 1]]
        inside = np.clip(turned, ends[:, :1], ends[:, 1:])
        self._ends, self._beyond = ends, turned - inside
        self._is_outside = self._beyond != 0
        if self._is_zero:
            self._is_outside |= turned == ends[:, 1:]
        self._functions, self._first = local_functions(inside, self._knots, layer.degree)
        self._slopes = self._end_slopes() if self._is_outside.any() and not self._is_zero else None

    def values(self, source: int) -> Array:
        """Gives (rows, outputs): the splines that leave `source`, with the rule outside the grid."""
        weights, first = self._weights[source], self._first[source]
        total = np.zeros((len(first), weights.shape[1]))
        for k, values in enumerate(self._functions):
            total += values[source][:, None] * weights.take(first + k, axis=0)
        if self._is_outside[source].any():
            self._go_on(source, total)
        return total

    def _go_on(self, source: int, total: Array) -> None:
        """Applies the rule outside the grid to the rows that lie there."""
        rows = np.flatnonzero(self._is_outside[source])
        if self._slopes is None:
            total[rows] = 0.0
            return
        beyond = self._beyond[source][rows]
        total[rows] += beyond[:, None] * self._slopes[source][(beyond > 0).astype(np.intp)]

    def _end_slopes(self) -> Array:
        """Gives (inputs, 2, outputs): the slopes at the low and the high end, from inside the grid."""
        functions, first = local_functions(self._ends, self._knots, self._degree, order=1)
        sources = np.arange(len(self._knots))[:, None]
        slopes = np.zeros((len(self._knots), 2, self._weights.shape[2]))
        for k, values in enumerate(functions):
            slopes += values[:, :, None] * self._weights[sources, first + k]
        return slopes


def _level_rows(values: Array, index: Array) -> Array:
    """Gives each row its level's values; anything that is no level's index takes the last, the unseen one."""
    unseen = len(values) - 1
    known = (index >= 0) & (index < unseen)
    return values[np.where(known, index, unseen).astype(np.intp)]
