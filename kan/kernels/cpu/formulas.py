"""Edges that were snapped to a formula: a * f(b * x + c) + d, with f by its number in the library.

Their constants stand among the weights, so that they are trained as these are.
"""

import numpy as np

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.functions import function_slope, function_value
from kan.kernels.cpu.sizes import FORMULA_NUMBERS
from kan.kernels.cpu.vector import take


@compiled
def add_formulas(layer, plan, weights, space, tile, rows):
    """Adds the layer's formulas to its sums."""
    for k in range(layer.n_formulas):
        source, target, function = _edge(layer, plan, k)
        a, b, c, d = _constants(layer, weights, k)
        values, sums = tile * layer.values_before + source * tile, tile * layer.sums_before + target
        for n in range(rows):
            argument = b * np.float64(space.values[values + n]) + c
            space.sums[sums + n * layer.stride] += a * function_value(function, argument) + d


@compiled
def pull_formulas(layer, plan, weights, space, tile, rows):
    """Adds the formulas' share to the derivatives by the nodes before the layer."""
    for k in range(layer.n_formulas):
        source, target, function = _edge(layer, plan, k)
        a, b, c, _ = _constants(layer, weights, k)
        values, pulls = tile * layer.values_before + source * tile, tile * layer.sums_before + target
        for n in range(rows):
            argument = b * np.float64(space.values[values + n]) + c
            pull = np.float64(space.pulls[pulls + n * layer.stride])
            space.nodes[values + n] += pull * a * b * function_slope(function, argument)


@compiled
def pull_constants(layer, plan, weights, space, tile, rows, gradient):
    """Adds to the gradient of the constants."""
    for k in range(layer.n_formulas):
        total_a, total_b, total_c, total_d = 0.0, 0.0, 0.0, 0.0
        for n in range(rows):
            by_a, by_b, by_c, by_d = by_constants(layer, plan, weights, space, tile, n, k)
            total_a, total_b, total_c, total_d = total_a + by_a, total_b + by_b, total_c + by_c, total_d + by_d
        at = layer.constants + 4 * k
        gradient[at] += total_a
        gradient[at + 1] += total_b
        gradient[at + 2] += total_c
        gradient[at + 3] += total_d


@compiled
def by_constants(layer, plan, weights, space, tile, n, k):
    """Gives the derivatives by a, b, c and d of formula k at row n, from that by its sum."""
    source, target, function = _edge(layer, plan, k)
    a, b, c, _ = _constants(layer, weights, k)
    x = np.float64(space.values[tile * layer.values_before + source * tile + n])
    pull = np.float64(space.pulls[tile * layer.sums_before + n * layer.stride + target])
    argument = b * x + c
    by_argument = pull * a * function_slope(function, argument)
    return pull * function_value(function, argument), by_argument * x, by_argument, pull


@compiled
def constants_column(layer, plan, k):
    """Gives the first of the four columns of formula k among the trainable numbers."""
    return take(plan, layer.formulas + FORMULA_NUMBERS * k + 3)


@compiled
def _edge(layer, plan, k):
    at = layer.formulas + FORMULA_NUMBERS * k
    return take(plan, at), take(plan, at + 1), take(plan, at + 2)


@compiled
def _constants(layer, weights, k):
    at = layer.constants + 4 * k
    return (
        np.float64(weights[at]),
        np.float64(weights[at + 1]),
        np.float64(weights[at + 2]),
        np.float64(weights[at + 3]),
    )
