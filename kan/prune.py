"""Edges, nodes and columns that go, by a mask alone: what is pruned keeps all its numbers, and restoring is exact.

A pruned edge gives 0. So does a sum without edges, and with it every product that it is a factor of: whoever prunes the
last edge of a factor prunes the product.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kan.edge_places import check_edge, check_index, hidden_layer_at, layer_at, with_layer
from kan.errors import InvalidConfig
from kan.state import EdgeFormula, LayerState, NetworkState, in_order

Edge = tuple[int, int, int]


def prune_edge(state: NetworkState, layer: int, source: int, target: int) -> NetworkState:
    """Gives the network without one edge; a pruned one stays pruned.

    Args:
        state: the network.
        layer, source, target: which edge, from an input of the layer to one of its sums.

    Raises:
        InvalidConfig: the network has no such edge.
    """
    check_edge(layer_at(state, layer), source, target)
    return prune_edges(state, [(layer, source, target)])


def restore_edge(state: NetworkState, layer: int, source: int, target: int) -> NetworkState:
    """Gives the network with one edge as it was before it was pruned, spline or formula; a live edge stays as it is.

    Raises:
        InvalidConfig: the network has no such edge.
    """
    held = layer_at(state, layer)
    check_edge(held, source, target)
    if held.live[source, target]:
        return state
    own = [formula for formula in held.pruned_formulas if _edge(formula) == (source, target)]
    others = tuple(formula for formula in held.pruned_formulas if _edge(formula) != (source, target))
    mask = held.mask.copy()
    mask[source, target] = 0.0 if own else 1.0
    formulas = in_order([*held.formulas, *own])
    restored = replace(held, mask=mask, formulas=formulas, pruned_formulas=others)
    return _with_used_columns(with_layer(state, layer, restored))


def prune_node(state: NetworkState, layer: int, node: int) -> NetworkState:
    """Gives the network without all edges that enter and leave a hidden node; of a product those of all its factors.

    Args:
        state: the network.
        layer: the layer whose edges enter the node.
        node: its number behind that layer: sums first, then products.

    Raises:
        InvalidConfig: no such node, or it is an output.
    """
    check_index("node", node, hidden_layer_at(state, layer).nodes, "node behind the layer")
    return prune_edges(state, node_edges(state, layer, node))


def prune_input(state: NetworkState, source: int) -> NetworkState:
    """Gives the network without all edges that leave one of its inputs.

    Once no input of a column has an edge, predictions no longer need the column. Only where no column would be left are
    they all still needed: rows are counted by them.

    Raises:
        InvalidConfig: the network has no such input.
    """
    check_index("source", source, state.widths[0], "network input")
    return prune_edges(state, [(0, source, target) for target in range(state.layers[0].outputs)])


def prune_column(state: NetworkState, column: str) -> NetworkState:
    """Gives the network without all edges that leave the inputs of a table column.

    Raises:
        InvalidConfig: the network has no encoding, or reads no such column.
    """
    names = [item.column for item in state.encoding.inputs] if state.encoding is not None else []
    if column not in names:
        raise InvalidConfig("column", "expected a column that the network reads")
    for source in np.flatnonzero([name == column for name in names]):
        state = prune_input(state, int(source))
    return state


def prune_edges(state: NetworkState, edges: Iterable[Edge]) -> NetworkState:
    """Gives the network without some edges, each (layer, source, target)."""
    gone = [np.zeros(layer.mask.shape, dtype=bool) for layer in state.layers]
    for layer, source, target in edges:
        gone[layer][source, target] = True
    layers = [_without(layer, marks) for layer, marks in zip(state.layers, gone, strict=True)]
    return _with_used_columns(replace(state, layers=tuple(layers)))


def node_edges(state: NetworkState, layer: int, node: int) -> list[Edge]:
    """Gives all edges, live or not, that enter and leave a hidden node."""
    held = state.layers[layer]
    into = [(layer, source, factor) for factor in held.factors(node) for source in range(held.inputs)]
    return into + [(layer + 1, node, target) for target in range(state.layers[layer + 1].outputs)]


def live_edges(state: NetworkState) -> list[Edge]:
    """Gives every edge that is not pruned, by layer, source, target."""
    return [edge for index, layer in enumerate(state.layers) for edge in _edges(index, layer.live)]


def pruned_edges(state: NetworkState) -> list[Edge]:
    """Gives every edge that is pruned, by layer, source, target."""
    return [edge for index, layer in enumerate(state.layers) for edge in _edges(index, ~layer.live)]


def removed_edges(before: NetworkState, after: NetworkState) -> list[Edge]:
    """Gives the edges that are live before and pruned after; both networks have the same shape."""
    kept = set(live_edges(after))
    return [edge for edge in live_edges(before) if edge not in kept]


def _edges(layer: int, marks: NDArray[np.bool_]) -> list[Edge]:
    return [(layer, int(source), int(target)) for source, target in np.argwhere(marks)]


def _without(layer: LayerState, gone: NDArray[np.bool_]) -> LayerState:
    if not (gone & layer.live).any():
        return layer
    kept = tuple(formula for formula in layer.formulas if not gone[_edge(formula)])
    aside = [formula for formula in layer.formulas if gone[_edge(formula)]]
    pruned = in_order([*layer.pruned_formulas, *aside])
    return replace(layer, mask=np.where(gone, 0.0, layer.mask), formulas=kept, pruned_formulas=pruned)


def _with_used_columns(state: NetworkState) -> NetworkState:
    """Gives the network with the columns that no live edge leaves marked as unused."""
    if state.encoding is None:
        return state
    with_edge = np.flatnonzero(np.any(state.layers[0].live, axis=1))
    used = {state.encoding.inputs[source].column for source in with_edge}
    columns = dict.fromkeys(item.column for item in state.encoding.inputs)
    unused = tuple(column for column in columns if column not in used) if used else ()
    return replace(state, encoding=replace(state.encoding, unused=unused))


def _edge(formula: EdgeFormula) -> tuple[int, int]:
    return formula.source, formula.target
