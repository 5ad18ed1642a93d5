"""What the training rows look like on every edge, block by block: ranges first, then spreads and densities."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kan.cost import rows_per_block
from kan.predictor import edge_values, evaluate_layers
from kan.state import DENSITY_BINS, Array, EdgeStatistics, LayerState, NetworkState

# So that no sum of squares overflows.
LARGEST = 1e150


def with_statistics(state: NetworkState, x: Array) -> NetworkState:
    """Gives the network with the statistics of some rows in every layer.

    Args:
        x: (rows, inputs) in network units, at least one row. Passed twice, and never held a second time. Rows where the
            network is undefined are left out; where no row is left, the statistics stay as they are.
    """
    found = [_Statistics(state, layer) for layer in state.layers]
    for values in _layer_inputs(state, x):
        for statistics, block in zip(found, values, strict=True):
            statistics.widen(block)
    for values in _layer_inputs(state, x):
        for statistics, block in zip(found, values, strict=True):
            statistics.add(block)
    if not found[0].has_rows:
        return state
    layers = [replace(layer, statistics=one.result()) for layer, one in zip(state.layers, found, strict=True)]
    return replace(state, layers=tuple(layers))


def _layer_inputs(state: NetworkState, x: Array) -> Iterator[list[Array]]:
    size = rows_per_block(max(layer.inputs + layer.outputs for layer in state.layers) * (state.layers[0].degree + 2))
    for start in range(0, len(x), size):
        values = evaluate_layers(state, x[start : start + size])
        kept = np.all([(np.abs(block) < LARGEST).all(axis=1) for block in values], axis=0)
        if kept.all():
            yield values[:-1]
        elif kept.any():
            yield [block[kept] for block in values[:-1]]


class _Statistics:
    """The statistics of one layer as its rows come in."""

    def __init__(self, state: NetworkState, layer: LayerState) -> None:
        self._layer, self._base, self._outside = layer, state.base, state.outside
        self._low, self._high = np.full(layer.inputs, np.inf), np.full(layer.inputs, -np.inf)
        self._density = np.zeros((layer.inputs, DENSITY_BINS), dtype=np.int64)
        self._edges = [_Spread() for _ in range(layer.inputs)]
        self._nodes = _Spread()

    @property
    def has_rows(self) -> bool:
        """Whether any row came in."""
        return bool((self._low <= self._high).all())

    def widen(self, x: Array) -> None:
        """Takes rows into the range."""
        self._low, self._high = np.minimum(self._low, x.min(axis=0)), np.maximum(self._high, x.max(axis=0))

    def add(self, x: Array) -> None:
        """Takes rows into spreads and densities, once the range is known."""
        total = np.zeros((len(x), self._layer.outputs))
        for i, spread in enumerate(self._edges):
            edges = edge_values(self._layer, i, x[:, i], base=self._base, outside=self._outside)
            spread.add(edges)
            total += edges
            bounds = _bounds(self._low[i], self._high[i])
            self._density[i] += np.histogram(x[:, i], DENSITY_BINS, bounds)[0]
        self._nodes.add(total)

    def result(self) -> EdgeStatistics:
        edge_std = np.stack([spread.std() for spread in self._edges])
        return EdgeStatistics(self._low, self._high, self._density, edge_std, self._nodes.std())


@dataclass
class _Spread:
    """Count, mean and sum of squared deviations of columns.

    Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979).
    """

    count: int = 0
    mean: NDArray[np.float64] = field(default_factory=lambda: np.zeros(()))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(()))

    def add(self, values: Array) -> None:
        rows, mean = len(values), values.mean(axis=0)
        apart, total = mean - self.mean, self.count + rows
        self.squares = self.squares + np.square(values - mean).sum(axis=0) + apart**2 * (self.count * rows / total)
        self.mean = self.mean + apart * (rows / total)
        self.count = total

    def std(self) -> Array:
        return np.sqrt(self.squares / self.count)


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Gives the ends of a histogram; values that differ in their last bits only have no room for bins."""
    room = 1e-9 * max(abs(low), abs(high))
    return (low, high) if high - low > room else (low - max(0.5, room), high + max(0.5, room))
