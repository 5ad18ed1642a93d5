"""Derivatives of a frozen network: of its edges, and of its outputs by its inputs; numpy only.

Compiled kernels give the same numbers faster, for the networks that they hold.
"""

import numpy as np

from kan.bspline import edge_spline
from kan.predictor import evaluate_layers, layer_sums
from kan.state import Array, LayerState, NetworkState
from kan.symbolic.written import function_named


def edge_slopes(state: NetworkState, layer: LayerState, source: int, x: Array) -> Array:
    """Gives d phi / dx of every edge that leaves a number input.

    Args:
        x: (rows,).

    Returns:
        (rows, outputs).
    """
    knots, coefficients = layer.knots[source], layer.coefficients[source]
    slopes = layer.spline_weight[source] * edge_spline(x, knots, coefficients, layer.degree, state.outside, order=1)
    if state.base == "silu":
        decay = np.exp(-np.abs(x))
        sigmoid = np.where(x >= 0, 1.0, decay) / (1.0 + decay)
        slopes = slopes + layer.base_weight[source] * (sigmoid * (1.0 + x * (1.0 - sigmoid)))[:, None]
    slopes = np.asarray(layer.mask[source] * slopes)
    for formula in layer.formulas:
        if formula.source == source:
            with np.errstate(all="ignore"):
                slope = function_named(formula.function).slope(formula.b * x + formula.c)
                slopes[:, formula.target] += formula.a * formula.b * slope
    return slopes


def input_gradient(state: NetworkState, x: Array, by_output: Array) -> Array:
    """Gives the derivatives of each row's sum(by_output * outputs) by its inputs.

    Args:
        state: the network.
        x: (rows, inputs) in network units.
        by_output: (rows, outputs).

    Returns:
        (rows, inputs); 0 for a category.

    Raises:
        ShapeMismatch: x has another number of columns.
    """
    *entering, _ = evaluate_layers(state, x)
    by_node = by_output
    for layer, values in zip(reversed(state.layers), reversed(entering), strict=True):
        by_node = _by_input(state, layer, values, _by_sum(state, layer, values, by_node))
    return by_node


def _by_sum(state: NetworkState, layer: LayerState, x: Array, by_node: Array) -> Array:
    """Gives (rows, outputs) from (rows, nodes): a factor of a product counts times all others."""
    if not layer.products:
        return by_node
    by_sum, sums = by_node[:, layer.owners], layer_sums(state, layer, x)
    with np.errstate(over="ignore", invalid="ignore"):
        for node in range(layer.plain, layer.nodes):
            for factor in layer.factors(node):
                others = [other for other in layer.factors(node) if other != factor]
                by_sum[:, factor] *= sums[:, others].prod(axis=1)
    return by_sum


def _by_input(state: NetworkState, layer: LayerState, x: Array, by_sum: Array) -> Array:
    """Gives (rows, inputs) from (rows, outputs)."""
    by_input = np.zeros(x.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for source in range(layer.inputs):
            if layer.level_table(source) is None:
                slopes = edge_slopes(state, layer, source, x[:, source])
                by_input[:, source] = (slopes * by_sum).sum(axis=1)
    return by_input
