"""What a picture of a network shows: its edges, each with its samples, and the nodes they join."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kan.bspline import Array
from kan.curve_samples import curve_range
from kan.importance import edge_importance
from kan.predictor import edge_values
from kan.state import LayerState, NetworkState

# More marks than any eye reads or browser likes: beyond, the most important ones are drawn.
MAX_EDGES = 1000


@dataclass(frozen=True, eq=False)
class DrawnEdge:
    """One edge.

    Attributes:
        layer, source, target: which edge, from node to sum.
        node: the node that its sum is, or is a factor of.
        factor: place among the factors of a product and their number, None for a sum that is a node.
        kind: "spline", "symbolic", "levels" or "pruned".
        function: the name of the function of a symbolic edge, else None.
        importance: [0, 1], 1 = the largest of its layer.
        x, y: (points,) samples in network units, y not finite where a formula has no value; of a levels edge its
            indices and values.
        label: the edge in words, as a screen reader says it.
        ends: the values at the bottom and the top of its box; None = its own least and largest one.
    """

    layer: int
    source: int
    target: int
    node: int
    factor: tuple[int, int] | None
    kind: str
    function: str | None
    importance: float
    x: Array
    y: Array
    label: str
    ends: tuple[float, float] | None = None

    @property
    def opacity(self) -> float:
        """Importance as opacity: small differences among the weak stay visible."""
        return 0.18 + 0.82 * math.tanh(3.0 * self.importance)

    @property
    def line_width(self) -> float:
        """Importance as the width of a link, in px."""
        return 0.8 + 2.2 * self.importance


def drawn_edges(
    state: NetworkState,
    names: Sequence[Sequence[str]],
    targets: Sequence[Sequence[str]],
    layers: Sequence[int],
    *,
    top: int,
    points: int,
    pruned: bool = False,
) -> list[DrawnEdge]:
    """Gives the edges of some layers, ordered by layer, source, target.

    Args:
        state: the network.
        names: of every column of nodes, inputs first.
        targets: of the sums of every layer.
        layers: indices of the layers to draw.
        top: so many live edges at most, the most important ones.
        points: samples of each curve.
        pruned: with pruned edges too, so many that there are no more than `MAX_EDGES` in all.
    """
    importance = edge_importance(state)
    functions = [{(f.source, f.target): f.function for f in layer.formulas} for layer in state.layers]
    sampled: dict[tuple[int, int], tuple[Array, Array]] = {}
    drawn = []
    for index, source, target in _chosen(state, layers, importance, top, pruned):
        if (index, source) not in sampled:
            sampled[index, source] = _samples(state, index, source, points)
        x, y = sampled[index, source]
        function = functions[index].get((source, target))
        kind = "symbolic" if function else _kind(state.layers[index], source, target)
        weight = float(importance[index][source, target])
        words = f"{kind} {function}" if function else kind
        label = f"{names[index][source]} to {targets[index][target]}, importance {weight:.2f}, {words}"
        node, factor = _end(state.layers[index], target)
        drawn.append(DrawnEdge(index, source, target, node, factor, kind, function, weight, x, y[:, target], label))
    return drawn


def on_shared_scale(edges: Sequence[DrawnEdge]) -> list[DrawnEdge]:
    """Gives the edges with one scale for all of a layer, so that heights can be compared between boxes."""
    ends: dict[int, tuple[float, float]] = {}
    for edge in edges:
        values = _drawn_values(edge)
        if len(values):
            low, high = ends.get(edge.layer, (np.inf, -np.inf))
            ends[edge.layer] = min(low, float(values.min())), max(high, float(values.max()))
    return [replace(edge, ends=ends.get(edge.layer)) for edge in edges]


def _drawn_values(edge: DrawnEdge) -> Array:
    """Gives what a picture shows of y: nothing of a pruned edge, of bars also the zero that they stand on."""
    if edge.kind == "pruned":
        return np.empty(0)
    return np.append(edge.y, 0.0) if edge.kind == "levels" else edge.y[np.isfinite(edge.y)]


def _chosen(
    state: NetworkState, layers: Sequence[int], importance: Sequence[Array], top: int, pruned: bool
) -> list[tuple[int, int, int]]:
    chosen = [edge for index in layers for edge in _places(index, state.layers[index].live)]
    if len(chosen) > top:
        chosen = sorted(chosen, key=lambda edge: -importance[edge[0]][edge[1:]])[:top]
    # Beside those that are live: nobody could bring one back that is never shown.
    gone = [edge for index in layers for edge in _places(index, ~state.layers[index].live)] if pruned else []
    return sorted(chosen + gone[: MAX_EDGES - len(chosen)])


def _places(layer: int, marked: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    return [(layer, int(source), int(target)) for source, target in np.argwhere(marked)]


def _kind(layer: LayerState, source: int, target: int) -> str:
    if layer.mask[source, target] == 0:
        return "pruned"
    return "spline" if layer.level_table(source) is None else "levels"


def _end(layer: LayerState, target: int) -> tuple[int, tuple[int, int] | None]:
    """Gives the node of a sum and, of a product, its place among the factors."""
    first = layer.plain
    for number, arity in enumerate(layer.products):
        if first <= target < first + arity:
            return layer.plain + number, (target - first, arity)
        first += arity
    return target, None


def _samples(state: NetworkState, index: int, source: int, points: int) -> tuple[Array, Array]:
    layer = state.layers[index]
    table = layer.level_table(source)
    if table is not None:
        x = np.arange(len(table.values) - 1.0)
    else:
        x = np.linspace(*curve_range(layer, source, "grid"), points)
    return x, edge_values(layer, source, x, base=state.base, outside=state.outside)
