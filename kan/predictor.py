"""Evaluates a frozen network: numpy only, no autograd, the same bits for a row alone as among many.

Sums go term by term: a BLAS product or a pairwise sum would round differently with the number of rows.
"""

import numpy as np
from numpy.typing import NDArray

from kan.bspline import edge_spline, local_functions, pad_knots
from kan.errors import ShapeMismatch
from kan.state import Array, EdgeFormula, LayerState, NetworkState
from kan.symbolic.written import function_named

# Rows evaluated together: what they need in between stays small however many there are.
TILE_ROWS = 1024


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
        values.append(_nodes(layer, layer_sums(state, layer, values[-1])))
    return values


def layer_sums(state: NetworkState, layer: LayerState, x: Array) -> Array:
    """Gives all sums of one layer, before any product.

    Args:
        state: whose layer it is.
        x: (rows, inputs) of the layer.

    Returns:
        (rows, outputs).
    """
    sums = layer_values(layer, x, base=state.base, outside=state.outside)
    for edge in layer.formulas:
        sums[:, edge.target] += formula_values(edge, x[:, edge.source])
    return sums


def contributions(state: NetworkState, x: Array) -> Array:
    """Gives what every edge of the first layer adds to the sum it enters.

    Args:
        x: (rows, inputs).

    Returns:
        (rows, inputs, sums).
    """
    layer, x = state.layers[0], np.asarray(x, dtype=np.float64)
    edges = np.empty((len(x), layer.inputs, layer.outputs))
    for source in range(layer.inputs):
        edges[:, source] = edge_values(layer, source, x[:, source], base=state.base, outside=state.outside)
    return edges


def formula_values(edge: EdgeFormula, x: Array) -> Array:
    """Gives an edge that is a formula, at (rows,) values of its input; not finite outside its domain."""
    with np.errstate(all="ignore"):
        return edge.a * function_named(edge.function).value(edge.b * x + edge.c) + edge.d


def layer_values(layer: LayerState, x: Array, *, base: str = "silu", outside: str = "linear") -> Array:
    """Gives the sums of one layer's splines and base branches; its formulas and products are not among them.

    Args:
        x: (rows, inputs).

    Returns:
        (rows, outputs).
    """
    prepared = _LayerTerms(layer, base, outside)
    tiles = [prepared.values(x[start : start + TILE_ROWS]) for start in range(0, len(x), TILE_ROWS)]
    return np.concatenate(tiles) if tiles else np.empty((0, layer.outputs))


def edge_values(layer: LayerState, source: int, x: Array, *, base: str = "silu", outside: str = "linear") -> Array:
    """Gives every edge that leaves one input, be it a spline, a table of levels or a formula.

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
            rows: Array = layer.mask[source] * table.values[_level_index(table.values, x)]
            return rows
        spline = edge_spline(x, layer.knots[source], layer.coefficients[source], layer.degree, outside)
        values = layer.spline_weight[source] * spline
        if base == "silu":
            values = values + layer.base_weight[source] * silu(x)[:, None]
        masked: Array = layer.mask[source] * values
    for edge in layer.formulas:
        if edge.source == source:
            masked[:, edge.target] += formula_values(edge, x)
    return masked


def _nodes(layer: LayerState, sums: Array) -> Array:
    """Gives the nodes behind a layer: the sums that no product takes, then the products."""
    if not layer.products:
        return sums
    ends = np.cumsum([layer.outputs - sum(layer.products), *layer.products])
    plain, *groups = np.split(sums, ends[:-1], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.column_stack([plain, *(np.multiply.reduce(group, axis=1) for group in groups)])


def silu(x: Array) -> Array:
    """Gives x * sigmoid(x); never overflows, for its exponential only sees negative numbers."""
    decay = np.exp(-np.abs(x))
    return x * np.where(x >= 0, 1.0, decay) / (1.0 + decay)


class _LayerTerms:
    """A layer as one sum of few terms: a row holds what few numbers each of its inputs multiplies the weights by.

    An input takes degree + 2 places of a row: its basis functions that are not zero, then its silu. A category takes
    the first of them, with a 1 for its level.
    """

    def __init__(self, layer: LayerState, base: str, outside: str) -> None:
        self._layer, self._base, self._is_zero = layer, base, outside == "zero"
        degree, coefficients = layer.degree, layer.coefficients * (layer.mask * layer.spline_weight)[:, None, :]
        self._knots = layer.knots
        if self._is_zero:
            self._knots = np.stack([pad_knots(row, degree) for row in layer.knots])
            coefficients = np.pad(coefficients, ((0, 0), (degree, degree), (0, 0)))
        self._ends = self._knots[:, [degree, self._knots.shape[1] - degree - 1]]
        self._end_slopes = local_functions(self._ends, self._knots, degree, order=1)[0]
        self._first_rows = coefficients.shape[1] * np.arange(layer.inputs)[:, None]
        self._base_rows = coefficients.shape[0] * coefficients.shape[1] + np.arange(layer.inputs)
        tables = [layer.mask[table.source] * table.values for table in layer.levels]
        flat = coefficients.reshape(-1, layer.outputs)
        self._weights = np.concatenate([flat, layer.mask * layer.base_weight, *tables])

    def values(self, x: Array) -> Array:
        """Gives (rows, outputs) for (rows, inputs)."""
        factors = np.empty((len(x), self._layer.inputs, self._layer.degree + 2))
        places = np.empty(factors.shape, dtype=np.int32)
        with np.errstate(over="ignore", invalid="ignore"):
            self._put_splines(np.ascontiguousarray(x.T), factors, places)
            factors[:, :, -1] = silu(x) if self._base == "silu" else 0.0
        places[:, :, -1] = self._base_rows
        self._put_levels(x, factors, places)
        return self._sum(factors.reshape(len(x), -1), places.reshape(len(x), -1))

    def _sum(self, factors: Array, places: NDArray[np.int32]) -> Array:
        """Adds the terms of every row one after the other, so that their order never depends on the number of rows."""
        total = np.zeros((len(factors), self._layer.outputs))
        with np.errstate(over="ignore", invalid="ignore"):
            for factor, place in zip(np.ascontiguousarray(factors.T), places.T, strict=True):
                total += factor[:, None] * self._weights[place]
        return total

    def _put_splines(self, x: Array, factors: Array, places: NDArray[np.int32]) -> None:
        """Fills in the basis functions of x (inputs, rows), with the rule outside the grid."""
        low, high = self._ends[:, :1], self._ends[:, 1:]
        inside = np.clip(x, low, high)
        functions, first = local_functions(inside, self._knots, self._layer.degree)
        rows, is_outside = first + self._first_rows, (x < low) | (x > high)
        if self._is_zero:
            is_outside |= x == high
        at = np.flatnonzero(is_outside)
        beyond = np.ravel(x - inside)[at]
        # Which of the flat (inputs, 2) ends each of them lies beyond.
        end = 2 * (at // x.shape[1]) + (beyond > 0)
        for k, values in enumerate(functions):
            # Beyond an end a function goes on with the slope it has there.
            flat = values.reshape(-1)
            flat[at] = 0.0 if self._is_zero else flat[at] + beyond * self._end_slopes[k].reshape(-1)[end]
            factors[:, :, k] = values.T
            places[:, :, k] = (rows + k).T

    def _put_levels(self, x: Array, factors: Array, places: NDArray[np.int32]) -> None:
        start = self._base_rows[-1] + 1
        for table in self._layer.levels:
            factors[:, table.source] = 0.0
            factors[:, table.source, 0] = 1.0
            places[:, table.source, 0] = start + _level_index(table.values, x[:, table.source])
            start += len(table.values)


def _level_index(values: Array, index: Array) -> NDArray[np.intp]:
    """Gives the row of each level in its table; what is no level's index takes the last row, the unseen one."""
    unseen = len(values) - 1
    return np.where((index >= 0) & (index < unseen), index, unseen).astype(np.intp)
