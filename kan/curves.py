"""The whole function of a network as plain values: exact enough to rebuild a prediction, with samples to draw."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from kan.curve_formulas import LayerFormulas
from kan.curve_samples import EdgeSamples, level_names
from kan.encoding import ClassOutput, MissingInput, to_json
from kan.errors import InvalidConfig
from kan.importance import edge_importance
from kan.state import LayerState, NetworkState


def activations(
    state: NetworkState,
    points: int = 100,
    span: str = "grid",
    *,
    layer: int | None = None,
    source: int | None = None,
    target: int | None = None,
) -> dict[str, Any]:
    """Gives every edge's exact parameters and samples of its curve.

    An edge's target is a sum; the first sums are nodes themselves, a product node lists the sums that it multiplies.
    x and y are in network units; `x_user` (first layer) and `y_user` (last layer, number targets) are the same points
    in the units of the data. y of an edge is a term of its node's sum, so `y_user` is times std, without the mean.
    Of an edge that is a formula, `formula` is y as a function of x; `formula_user`, in the first and last layer, is the
    same in the units of the data as far as there are any: y_user or y, of x_user or x. `r2` is of the formula against
    the spline it replaced, over the rows seen.

    Args:
        state: the network.
        points: samples of each curve, at least 2.
        span: "grid" samples the grid of the input, "data" the range that the training rows reached.
        layer, source, target: only the edges of this layer, from this node, to this node.

    Returns:
        {"encoding", "decoding", "layers": [{"index", "inputs", "outputs", "nodes", "edges"}]}, JSON-ready.

    Raises:
        InvalidConfig: fewer than 2 points, an unknown span, or a filter that names nothing.
    """
    _check(state, points, span, layer)
    names, importance = node_names(state), edge_importance(state)
    layers = []
    for index in range(len(state.layers)) if layer is None else [layer]:
        held, formulas = state.layers[index], LayerFormulas(state, index)
        sources, targets = _chosen("source", source, held.inputs), _chosen("target", target, held.outputs)
        sampled = {i: EdgeSamples(state, formulas, i, points, span) for i in sources}
        edges = [sampled[i].edge(j, float(importance[index][i, j])) for i in sources for j in targets]
        ends = {"inputs": names[index], "outputs": names[index + 1]}
        layers.append({"index": index, **ends, "nodes": _nodes(held), "edges": edges})
    return {"encoding": _encoding(state), "decoding": _decoding(state), "layers": layers}


def _nodes(layer: LayerState) -> list[dict[str, Any]]:
    """Gives what every node is made of: a sum of the edges from some nodes, a product of some sums."""
    live = layer.live
    nodes = [{"kind": "sum", "of": np.flatnonzero(live[:, j]).tolist()} for j in range(layer.plain)]
    ends = np.cumsum([layer.plain, *layer.products]).tolist()
    return nodes + [{"kind": "product", "of": list(range(*both))} for both in pairwise(ends)]


def sum_names(layer: LayerState, nodes: Sequence[str]) -> list[str]:
    """Gives the name of every sum of a layer: of a node its own; the first factor of a product h2 is h2 ×1.

    Args:
        nodes: names of the nodes behind the layer.
    """
    products = zip(nodes[layer.plain :], layer.products, strict=True)
    return [*nodes[: layer.plain], *(f"{name} ×{k + 1}" for name, arity in products for k in range(arity))]


def node_names(state: NetworkState) -> list[list[str]]:
    """Gives the name of every node, inputs first: inputs and targets as in the table, h0, h1, … between.

    A second hidden layer has h2_0, h2_1, …; without an encoding inputs are x1, x2, …, outputs y1, y2, ….
    """
    widths = state.widths
    hidden = [
        [f"h{k}" if index == 1 else f"h{index}_{k}" for k in range(width)]
        for index, width in enumerate(widths[1:-1], start=1)
    ]
    if state.encoding is None:
        return [[f"x{k + 1}" for k in range(widths[0])], *hidden, [f"y{k + 1}" for k in range(widths[-1])]]
    return [[item.name for item in state.encoding.inputs], *hidden, list(state.encoding.output_names)]


def _encoding(state: NetworkState) -> list[dict[str, Any]]:
    """Gives how each network input comes from a column; without an encoding they are the same numbers."""
    if state.encoding is not None:
        items = [{"input": source, **item} for source, item in enumerate(to_json(state.encoding)["inputs"])]
        for source, item in enumerate(state.encoding.inputs):
            if isinstance(item, MissingInput):
                items[source]["levels"] = level_names(state, source)
        return items
    return [_plain_input(state, source) for source in range(state.widths[0])]


def _plain_input(state: NetworkState, source: int) -> dict[str, Any]:
    layer, name = state.layers[0], f"x{source + 1}"
    if layer.level_table(source) is not None:
        return {"input": source, "kind": "index", "name": name, "column": name, "levels": level_names(state, source)}
    seen = layer.statistics
    low, high = (None, None) if seen is None else (float(seen.low[source]), float(seen.high[source]))
    plain = {"input": source, "kind": "number", "name": name, "column": name, "shift": 0.0, "scale": 1.0}
    return {**plain, "low": low, "high": high, "fill": None}


def _decoding(state: NetworkState) -> list[dict[str, Any]]:
    """Gives how answers come from the last nodes: mean + std * node, or the softmax over the classes' nodes.

    Of two classes one node is enough: it is the logit of the second, and that of the first is 0.
    """
    if state.encoding is None:
        plain = [{"kind": "number", "name": f"y{k + 1}", "mean": 0.0, "std": 1.0} for k in range(state.widths[-1])]
        return [{**item, "nodes": [k]} for k, item in enumerate(plain)]
    first = state.encoding.outputs[0]
    records = to_json(state.encoding)["outputs"]
    if isinstance(first, ClassOutput):
        return [{**records[0], "nodes": list(range(state.widths[-1]))}]
    return [{**record, "nodes": [k]} for k, record in enumerate(records)]


def _chosen(name: str, wanted: int | None, count: int) -> list[int]:
    if wanted is None:
        return list(range(count))
    if not 0 <= wanted < count:
        raise InvalidConfig(name, f"expected a node between 0 and {count - 1}")
    return [wanted]


def _check(state: NetworkState, points: int, span: str, layer: int | None) -> None:
    if points < 2:
        raise InvalidConfig("points", "expected at least 2")
    if span not in ("grid", "data"):
        raise InvalidConfig("range", "expected grid or data")
    if layer is not None:
        _chosen("layer", layer, len(state.layers))
