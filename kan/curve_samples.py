"""The samples and exact parameters of the edges that leave one node, as plain lists and dicts."""

from math import isfinite
from typing import Any

import numpy as np

from kan.curve_formulas import LayerFormulas, output_std
from kan.encoding import NumberInput, input_level_names
from kan.predictor import edge_values
from kan.slopes import edge_slopes
from kan.state import Array, LayerState, NetworkState


class EdgeSamples:
    """The edges that leave one node, sampled together: they share x, the basis and the grid."""

    def __init__(self, state: NetworkState, formulas: LayerFormulas, source: int, points: int, span: str) -> None:
        self._state, self._index, self._source = state, formulas.index, source
        self._layer, self._formulas = state.layers[formulas.index], formulas
        self._table = self._layer.level_table(source)
        if self._table is not None:
            self._x = np.arange(len(self._table.values) - 1.0)
        else:
            self._x = np.linspace(*curve_range(self._layer, source, span), points)
        self._y = edge_values(self._layer, source, self._x, base=state.base, outside=state.outside)
        self._slope = None if self._table is not None else edge_slopes(state, self._layer, source, self._x)

    def edge(self, target: int, importance: float) -> dict[str, Any]:
        """Gives one edge in the shape of the HTTP contract."""
        layer, source = self._layer, self._source
        own = self._spline(target) if self._table is None else self._levels(self._table.values[:, target])
        mask, formula = float(layer.mask[source, target]), self._formulas.edge(source, target)
        statistics = layer.statistics
        return {
            "layer": self._index,
            "source": source,
            "target": target,
            **own,
            "kind": "symbolic" if formula["symbolic"] else "pruned" if mask == 0 else own["kind"],
            "mask": mask,
            "y": _numbers(self._y[:, target]),
            "y_user": self._y_user(target),
            "importance": importance,
            **formula,
            "density": None if statistics is None else statistics.density[source].tolist(),
            "range": None if statistics is None else [float(statistics.low[source]), float(statistics.high[source])],
        }

    def _spline(self, target: int) -> dict[str, Any]:
        layer, source, state = self._layer, self._source, self._state
        return {
            "kind": "spline",
            "degree": layer.degree,
            "knots": layer.knots[source].tolist(),
            "coefficients": layer.coefficients[source, :, target].tolist(),
            "spline_weight": float(layer.spline_weight[source, target]),
            "base": {"function": state.base, "weight": float(layer.base_weight[source, target])},
            "outside": state.outside,
            "x": self._x.tolist(),
            "x_user": self._x_user(),
            "derivative": None if self._slope is None else _numbers(self._slope[:, target]),
        }

    def _levels(self, values: Array) -> dict[str, Any]:
        """Gives a levels edge: `values` and `unseen` are before the mask, as the coefficients of a spline are."""
        return {
            "kind": "levels",
            "levels": level_names(self._state, self._source),
            "values": values[:-1].tolist(),
            "unseen": float(values[-1]),
            "x": self._x.tolist(),
            "x_user": None,
            "derivative": None,
        }

    def _x_user(self) -> list[float] | None:
        encoding = self._state.encoding
        item = encoding.inputs[self._source] if encoding is not None and self._index == 0 else None
        return (self._x * item.scale + item.shift).tolist() if isinstance(item, NumberInput) else None

    def _y_user(self, target: int) -> list[float | None] | None:
        std = output_std(self._state, self._index, target)
        return None if std is None else _numbers(self._y[:, target] * std)


def curve_range(layer: LayerState, source: int, span: str) -> tuple[float, float]:
    """Gives the ends to draw an input's curves between: its grid, or the training rows' range where it is known."""
    statistics = layer.statistics
    if span == "data" and statistics is not None and statistics.low[source] < statistics.high[source]:
        return float(statistics.low[source]), float(statistics.high[source])
    knots = layer.knots[source]
    return float(knots[layer.degree]), float(knots[len(knots) - layer.degree - 1])


def _numbers(values: Array) -> list[float | None]:
    """Gives plain numbers; None where a formula has no value."""
    return [value if isfinite(value) else None for value in values.tolist()]


def level_names(state: NetworkState, source: int) -> list[str]:
    """Gives the names of a category input's levels; their indices as text for a network without an encoding."""
    names = None if state.encoding is None else input_level_names(state.encoding.inputs[source])
    if names is not None:
        return list(names)
    table = state.layers[0].level_table(source)
    return [] if table is None else [str(index) for index in range(len(table.values) - 1)]
