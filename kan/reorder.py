"""Hidden nodes in another order, with everything that belongs to them: the same function, easier to read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kan.edge_places import check_index, hidden_layer_at
from kan.errors import InvalidConfig
from kan.state import EdgeStatistics, LayerState, NetworkState, OfEdge, in_order

EDGE_ARRAYS = ("base_weight", "spline_weight", "mask")
# After so many sweeps an order hardly gets better.
SWEEPS = 8


def swap(state: NetworkState, layer: int, first: int, second: int) -> NetworkState:
    """Gives the network with two hidden nodes in each other's places.

    Args:
        state: the network.
        layer: the layer whose edges enter them.
        first, second: their numbers behind that layer, two sums or two products.

    Raises:
        InvalidConfig: no such node, or a sum and a product: sums always come first.
    """
    held = hidden_layer_at(state, layer)
    check_index("first", first, held.nodes, "node behind the layer")
    check_index("second", second, held.nodes, "node behind the layer")
    order = list(range(held.nodes))
    order[first], order[second] = second, first
    return reordered(state, layer, order)


def reordered(state: NetworkState, layer: int, order: Sequence[int]) -> NetworkState:
    """Gives the network with the hidden nodes behind a layer in another order.

    Args:
        state: the network.
        layer: the layer whose edges enter them.
        order: for every place the number of the node that comes there; sums before products.

    Raises:
        InvalidConfig: the outputs, or no such order.
    """
    held = hidden_layer_at(state, layer)
    if sorted(order) != list(range(held.nodes)):
        raise InvalidConfig("order", "expected every node behind the layer once")
    if any(node >= held.plain for node in order[: held.plain]):
        raise InvalidConfig("second", "expected two sums or two products; sums come before products")
    sums = [factor for node in order for factor in held.factors(node)]
    layers = list(state.layers)
    layers[layer] = with_sums(held, sums, [held.products[node - held.plain] for node in order[held.plain :]])
    layers[layer + 1] = with_inputs(layers[layer + 1], order)
    return replace(state, layers=tuple(layers))


def arranged(state: NetworkState) -> NetworkState:
    """Gives the network with its hidden nodes so ordered that fewer of its live edges cross.

    Sweeps to and fro; each node takes the mean place of those it is joined to. The best order seen is kept, the old one
    where none is better.

    Source: Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures (1981).
    """
    best, fewest = state, crossings(state)
    for _ in range(SWEEPS):
        if fewest == 0:
            break
        hidden = range(len(state.layers) - 1)
        for layer in hidden:
            state = _sorted_by_place(state, layer, _joined(state.layers[layer]).T)
        for layer in reversed(hidden):
            state = _sorted_by_place(state, layer, _joined(state.layers[layer + 1]))
        if (found := crossings(state)) < fewest:
            best, fewest = state, found
    return best


def crossings(state: NetworkState) -> int:
    """Gives how many pairs of live edges cross when nodes are drawn in columns, in order."""
    return sum(_layer_crossings(_joined(layer)) for layer in state.layers)


def _layer_crossings(joined: NDArray[np.bool_]) -> int:
    """Counts the pairs of edges (i, j), (k, l) with i < k and j > l."""
    if min(joined.shape) < 2:
        return 0
    # later[i, j]: edges that leave a later node than i and enter an earlier one than j.
    later = np.cumsum(joined[::-1].astype(np.int64), axis=0)[::-1][1:]
    earlier = np.cumsum(later, axis=1)[:, :-1]
    return int(earlier[joined[:-1, 1:]].sum())


def _joined(layer: LayerState) -> NDArray[np.bool_]:
    """Tells which inputs and nodes are joined (inputs, nodes): a product by each of its factors."""
    return np.stack([layer.live[:, list(layer.factors(node))].any(axis=1) for node in range(layer.nodes)], axis=1)


def _sorted_by_place(state: NetworkState, layer: int, joined: NDArray[np.bool_]) -> NetworkState:
    """Gives the network with each hidden node at the mean place of those it is joined to (nodes, others)."""
    held, count = state.layers[layer], joined.sum(axis=1)
    places = np.divide(joined @ np.arange(joined.shape[1]), count, out=np.full(len(count), np.inf), where=count > 0)
    is_product = np.arange(held.nodes) >= held.plain
    return reordered(state, layer, np.lexsort((places, is_product)).tolist())


def with_sums(layer: LayerState, sums: Sequence[int], products: Sequence[int]) -> LayerState:
    """Gives a layer with some of its sums, in another order.

    Args:
        layer: the layer.
        sums: for every place the number of the sum that comes there, each at most once; those left out are gone.
        products: how many of the last ones each product multiplies.
    """
    kept, seen, place = list(sums), layer.statistics, {factor: at for at, factor in enumerate(sums)}
    return replace(
        layer,
        coefficients=layer.coefficients[:, :, kept],
        **{name: getattr(layer, name)[:, kept] for name in EDGE_ARRAYS},
        levels=tuple(replace(table, values=table.values[:, kept]) for table in layer.levels),
        statistics=seen and replace(seen, edge_std=seen.edge_std[:, kept], node_std=seen.node_std[kept]),
        formulas=_with_targets(layer.formulas, place),
        pruned_formulas=_with_targets(layer.pruned_formulas, place),
        shapes=_with_targets(layer.shapes, place),
        products=tuple(products),
    )


def with_inputs(layer: LayerState, order: Sequence[int]) -> LayerState:
    """Gives a layer with the nodes before it in another order."""
    rows, place = list(order), {node: at for at, node in enumerate(order)}
    return replace(
        layer,
        knots=layer.knots[rows],
        coefficients=layer.coefficients[rows],
        **{name: getattr(layer, name)[rows] for name in EDGE_ARRAYS},
        statistics=layer.statistics and _seen_by(layer.statistics, rows),
        formulas=in_order(replace(formula, source=place[formula.source]) for formula in layer.formulas),
        pruned_formulas=in_order(replace(formula, source=place[formula.source]) for formula in layer.pruned_formulas),
        shapes=in_order(replace(shape, source=place[shape.source]) for shape in layer.shapes),
    )


def _with_targets(found: Iterable[OfEdge], place: Mapping[int, int]) -> tuple[OfEdge, ...]:
    return in_order(replace(item, target=place[item.target]) for item in found if item.target in place)


def _seen_by(seen: EdgeStatistics, rows: list[int]) -> EdgeStatistics:
    by_input = {name: getattr(seen, name)[rows] for name in ("low", "high", "density", "edge_std")}
    return replace(seen, **by_input)
