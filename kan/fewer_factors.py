"""A product with a factor less: what is the same in all rows is no factor but a number, which scales another one."""

from dataclasses import replace

import numpy as np

from kan.edge_places import check_index, hidden_layer_at
from kan.errors import InvalidConfig
from kan.predictor import edge_values, evaluate_layers
from kan.reorder import with_inputs, with_sums
from kan.state import Array, EdgeFormula, LayerState, NetworkState


def product_factors(state: NetworkState) -> list[tuple[int, int]]:
    """Gives every factor (layer, sum) that may go: of hidden products of several, whose edges keep no shape."""
    return [
        (index, factor)
        for index, layer in enumerate(state.layers[:-1])
        for node in range(layer.plain, layer.nodes)
        for factor in layer.factors(node)
        if len(layer.factors(node)) > 1 and not _keeps_shapes(layer, node)
    ]


def without_factor(state: NetworkState, layer: int, factor: int, constant: float) -> NetworkState:
    """Gives the network with a number for one factor of a product.

    A product of which one factor is left is a sum, and comes behind the other sums.

    Args:
        state: the network.
        layer: the layer whose edges enter the product.
        factor: the sum that goes.
        constant: what the next factor of the same product is multiplied by.

    Raises:
        InvalidConfig: the outputs, no such sum, one that is no factor beside another, or edges of its product keep
            shapes: to scale one might turn it over.
    """
    held = hidden_layer_at(state, layer)
    check_index("factor", factor, held.outputs, "sum of the layer")
    node = int(held.owners[factor])
    others = [other for other in held.factors(node) if other != factor]
    if not others or _keeps_shapes(held, node):
        raise InvalidConfig("factor", "expected one of several factors of a product whose edges keep no shape")
    arity = {number: len(held.factors(number)) - (number == node) for number in range(held.nodes)}
    order = sorted(arity, key=lambda number: arity[number] > 1)
    sums = [other for number in order for other in held.factors(number) if other != factor]
    products = [arity[number] for number in order if arity[number] > 1]
    layers = list(state.layers)
    layers[layer] = with_sums(_scaled(held, others[0], constant), sums, products)
    layers[layer + 1] = with_inputs(layers[layer + 1], order)
    return replace(state, layers=tuple(layers))


def sum_means(state: NetworkState, x: Array, layer: int) -> Array:
    """Gives the mean of every sum of a layer over some rows.

    Args:
        state: the network.
        x: (rows, inputs).
        layer: number of the layer.

    Returns:
        (sums,), not finite where a sum is not.
    """
    held, entering = state.layers[layer], evaluate_layers(state, x)[layer]
    means = np.zeros(held.outputs)
    with np.errstate(over="ignore", invalid="ignore"):
        for source in range(held.inputs):
            edges = edge_values(held, source, entering[:, source], base=state.base, outside=state.outside)
            means += edges.mean(axis=0)
    return means


def _keeps_shapes(layer: LayerState, node: int) -> bool:
    return any(shape.target in layer.factors(node) for shape in layer.shapes)


def _scaled(layer: LayerState, target: int, scale: float) -> LayerState:
    """Gives a layer with one of its sums so many times as large."""

    def edge(formula: EdgeFormula) -> EdgeFormula:
        is_own = formula.target == target
        return replace(formula, a=formula.a * scale, d=formula.d * scale) if is_own else formula

    scales = np.where(np.arange(layer.outputs) == target, scale, 1.0)
    return replace(
        layer,
        base_weight=layer.base_weight * scales,
        spline_weight=layer.spline_weight * scales,
        levels=tuple(replace(table, values=table.values * scales) for table in layer.levels),
        formulas=tuple(map(edge, layer.formulas)),
        pruned_formulas=tuple(map(edge, layer.pruned_formulas)),
    )
