"""A network state as three flat arrays for the kernels: the plan (whole numbers), the weights, the grids."""

from dataclasses import dataclass, replace
from math import factorial

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kan.bspline import local_functions, pad_knots
from kan.kernels.cpu.sizes import FIELDS, Layer
from kan.state import Array, LayerState, NetworkState
from kan.symbolic.functions import NUMBERS

Floats = NDArray[np.floating]
VECTOR_BYTES, LINE_BYTES = 32, 64
# Floats that a vector may read beyond the numbers it is after.
PADDING = 64
# Relative to the grid: knots as even as rounding allows are found by one multiplication.
EVEN = 1e-12


@dataclass(frozen=True, eq=False)
class Layout:
    """A network as the kernels see it.

    Attributes:
        plan: int64: layers, floats per row of terms, values and sums, then every layer's sizes and lists.
        weights: rows of `stride` floats, outputs padded with zeros; behind each layer's the constants of its formulas.
        grids: grids of every layer.
        trainable: places in `weights` of the trainable numbers: layer by layer its weight matrix, then its constants.
        kept: 0 for the trainable numbers of pruned edges, else 1.
        row_numbers: how many of the derivatives of a row are not zero.
        inputs, outputs: nodes at both ends.
    """

    plan: NDArray[np.int64]
    weights: Floats
    grids: Floats
    trainable: NDArray[np.int64]
    kept: Floats
    row_numbers: int
    inputs: int
    outputs: int


def layout(state: NetworkState, dtype: DTypeLike = np.float64) -> Layout:
    """Lays a network out for the kernels, masks and spline weights multiplied in.

    Args:
        dtype: float64 or float32, of weights, grids and all arithmetic.
    """
    return _Builder(np.dtype(dtype), state).built()


class _Builder:
    """Collects the flat arrays layer by layer."""

    def __init__(self, dtype: np.dtype, state: NetworkState) -> None:
        self._dtype, self._state = dtype, state
        self._layers: list[Layer] = []
        self._lists: list[int] = []
        self._weights: list[Array] = []
        self._grids: list[Array] = []
        self._trainable: list[NDArray[np.int64]] = []
        self._kept: list[Array] = []
        self._n_weights = self._n_grids = self._n_trainable = 0
        self._before = [0, 0, 0]

    def built(self) -> Layout:
        """Gives the arrays."""
        layers = self._state.layers
        for layer in layers:
            self._add(_extended(layer) if self._state.outside == "zero" else layer, layer)
        plan = np.array(
            [len(layers), *self._before, *(number for layer in self._layers for number in layer), *self._lists]
        )
        return Layout(
            plan.astype(np.int64),
            _aligned(np.concatenate([*self._weights, np.zeros(PADDING)]), self._dtype),
            _aligned(np.concatenate([*self._grids, np.zeros(PADDING)]), self._dtype),
            np.concatenate(self._trainable),
            np.concatenate(self._kept).astype(self._dtype),
            sum(layer.inputs * layer.outputs * (layer.support + layer.has_base) for layer in self._layers)
            + 4 * sum(layer.n_formulas for layer in self._layers),
            layers[0].inputs,
            self._layers[-1].nodes,
        )

    def _add(self, layer: LayerState, original: LayerState) -> None:
        lanes = VECTOR_BYTES // self._dtype.itemsize
        stride = -(-layer.outputs // lanes) * lanes
        is_uniform = _is_uniform(layer)
        starts, bases, columns, kept = self._put_weights(layer, stride)
        formulas = self._formula_list(original)
        self._layers.append(
            Layer(
                inputs=layer.inputs,
                outputs=layer.outputs,
                stride=stride,
                grid=layer.grid,
                support=layer.degree + 1,
                has_base=int(self._state.base == "silu"),
                is_uniform=int(is_uniform),
                is_zero_outside=int(self._state.outside == "zero"),
                grids=self._put_grids(layer, is_uniform=is_uniform),
                constants=self._put_constants(original),
                starts=self._put_list(starts),
                bases=self._put_list(bases),
                columns=self._put_list(columns),
                splines=self._put_list([_spline_rows(layer, source) for source in range(layer.inputs)]),
                trainable=self._put_list(kept),
                levels=self._put_list([n for t in layer.levels for n in (t.source, len(t.values) - 1)]),
                n_levels=len(layer.levels),
                products=self._put_list(list(original.products)),
                n_products=len(original.products),
                plain=layer.outputs - sum(original.products),
                nodes=layer.outputs - sum(original.products) + len(original.products),
                formulas=self._put_list(formulas),
                n_formulas=len(original.formulas),
                terms_before=self._before[0],
                values_before=self._before[1],
                sums_before=self._before[2],
            )
        )
        self._before[0] += layer.inputs * 2 * (layer.degree + 2)
        self._before[1] += layer.inputs
        self._before[2] += stride

    def _put_list(self, numbers: list[int]) -> int:
        at = 4 + FIELDS * len(self._state.layers) + len(self._lists)
        self._lists += numbers
        return at

    def _put_weights(self, layer: LayerState, stride: int) -> tuple[list[int], list[int], list[int], list[int]]:
        """Puts one input's rows after the other's: coefficients and base branch, or levels."""
        if not layer.levels:
            return self._put_numbers(layer, stride)
        starts, bases, columns = [], [], [0] * layer.inputs
        effective = layer.coefficients * (layer.mask * layer.spline_weight)[:, None, :]
        base = layer.mask * layer.base_weight
        trainable: dict[int, NDArray[np.int64]] = {}
        for source in range(layer.inputs):
            table = layer.level_table(source)
            if table is None:
                rows = np.vstack([effective[source], base[source]])
                kept = len(rows) - (self._state.base != "silu")
            else:
                rows, kept = layer.mask[source] * table.values, len(table.values) - 1
                # A level's row is read as the first of degree + 1 rows, the others times zero.
                rows = np.vstack([rows, np.zeros((layer.degree, layer.outputs))])
            starts.append(self._n_weights)
            bases.append(self._n_weights + stride * (len(rows) - 1))
            block = np.zeros((len(rows), stride))
            block[:, : layer.outputs] = rows
            places = self._n_weights + np.arange(block.size).reshape(block.shape)
            trainable[source] = places[:kept, : layer.outputs].ravel()
            self._weights.append(block.ravel())
            self._n_weights += block.size
        self._put_trainable(layer, trainable, columns)
        kept_rows = [len(trainable[source]) // layer.outputs for source in range(layer.inputs)]
        return starts, bases, columns, kept_rows

    def _put_numbers(self, layer: LayerState, stride: int) -> tuple[list[int], list[int], list[int], list[int]]:
        """Puts a layer without categories at once: one input after the other takes 30 ms for 784 inputs."""
        rows = layer.grid + layer.degree + 1
        kept = rows - (self._state.base != "silu")
        block = np.zeros((layer.inputs, rows, stride))
        block[:, :-1, : layer.outputs] = layer.coefficients * (layer.mask * layer.spline_weight)[:, None, :]
        block[:, -1, : layer.outputs] = layer.mask * layer.base_weight
        places = self._n_weights + np.arange(block.size).reshape(block.shape)[:, :kept, : layer.outputs]
        starts = self._n_weights + stride * rows * np.arange(layer.inputs)
        columns = self._n_trainable + kept * layer.outputs * np.arange(layer.inputs)
        self._weights.append(block.ravel())
        self._trainable.append(places.ravel())
        self._kept.append(np.repeat(layer.mask[:, None, :], kept, axis=1).ravel())
        self._n_weights += block.size
        self._n_trainable += places.size
        return starts.tolist(), (starts + stride * (rows - 1)).tolist(), columns.tolist(), [kept] * layer.inputs

    def _put_trainable(self, layer: LayerState, places: dict[int, NDArray[np.int64]], columns: list[int]) -> None:
        """Orders the trainable numbers as the layers' matrices do: number inputs first, then categories."""
        for source in sorted(places, key=lambda i: (layer.level_table(i) is not None, i)):
            columns[source] = self._n_trainable
            self._trainable.append(places[source])
            self._kept.append(np.resize(layer.mask[source], len(places[source])))
            self._n_trainable += len(places[source])

    def _put_grids(self, layer: LayerState, *, is_uniform: bool) -> int:
        inner = layer.knots[:, layer.degree : layer.knots.shape[1] - layer.degree]
        widths = np.diff(inner, axis=1)
        if is_uniform:
            span = np.pad([inner[:, 0], layer.grid / (inner[:, -1] - inner[:, 0])], ((0, 0), (0, PADDING)))
            unit = np.arange(2 * layer.degree + 2, dtype=np.float64) - layer.degree
            parts = [span.ravel(), _pieces(unit[None], layer.degree).ravel()]
        else:
            inverse = np.divide(1.0, widths, out=np.zeros_like(widths), where=widths > 0)
            parts = [inner.ravel(), inverse.ravel(), _pieces(layer.knots, layer.degree).ravel()]
        return self._put_floats(np.concatenate(parts))

    def _formula_list(self, layer: LayerState) -> list[int]:
        formulas = enumerate(layer.formulas)
        return [n for k, f in formulas for n in (f.source, f.target, NUMBERS[f.function], self._n_trainable + 4 * k)]

    def _put_constants(self, layer: LayerState) -> int:
        """Puts the formulas' constants behind the layer's weights, and fills up what a line of the cache has left."""
        at, constants = self._n_weights, [n for f in layer.formulas for n in (f.a, f.b, f.c, f.d)]
        line = LINE_BYTES // self._dtype.itemsize
        self._weights.append(np.array([*constants, *[0.0] * (-len(constants) % line)], dtype=np.float64))
        self._n_weights += len(self._weights[-1])
        self._trainable.append(at + np.arange(len(constants)))
        self._kept.append(np.ones(len(constants)))
        self._n_trainable += len(constants)
        return at

    def _put_floats(self, numbers: Array) -> int:
        at = self._n_grids
        self._grids.append(numbers)
        self._n_grids += len(numbers)
        return at


def _aligned(numbers: Array, dtype: np.dtype) -> Floats:
    """Gives a copy whose vectors lie within one cache line each; across two, a load takes twice the time."""
    room = np.empty(len(numbers) * dtype.itemsize + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    copy: Floats = room[start : start + len(numbers) * dtype.itemsize].view(dtype)
    copy[:] = numbers
    return copy


def _extended(layer: LayerState) -> LayerState:
    """Gives the layer on its whole knots: a spline that ends at zero lives on the extension too."""
    knots = np.stack([pad_knots(row, layer.degree) for row in layer.knots])
    coefficients = np.pad(layer.coefficients, ((0, 0), (layer.degree, layer.degree), (0, 0)))
    return replace(layer, knots=knots, coefficients=coefficients)


def _spline_rows(layer: LayerState, source: int) -> int:
    table = layer.level_table(source)
    return layer.grid + layer.degree if table is None else len(table.values) - 1


def _is_uniform(layer: LayerState) -> bool:
    even = np.linspace(layer.knots[:, 0], layer.knots[:, -1], layer.knots.shape[1], axis=1)
    width = layer.knots[:, -1:] - layer.knots[:, :1]
    return bool((np.abs(layer.knots - even) <= EVEN * width).all())


def _pieces(knots: Array, degree: int) -> Array:
    """Gives each interval's functions as polynomials of t, which goes from 0 to 1.

    Args:
        knots: (inputs, grid + 2 * degree + 1).

    Returns:
        (inputs, grid, degree + 1, powers).
    """
    left, right = knots[:, degree : -degree - 1], knots[:, degree + 1 : knots.shape[1] - degree]
    scale = (right - left)[..., None]
    powers = [
        np.stack(local_functions(left, knots, degree, p)[0], axis=-1) * scale**p / factorial(p)
        for p in range(degree + 1)
    ]
    return np.stack(powers, axis=-1)
