"""Edges that were snapped to a formula: a * f(b * x + c) + d, with f by its number in the library."""

import numpy as np

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.functions import function_slope, function_value


@compiled
def add_formulas(layer, plan, grids, space, tile, rows):
    """Adds the layer's formulas to its sums."""
    for k in range(layer.n_formulas):
        at, numbers = layer.formulas + 3 * k, layer.constants + 4 * k
        a, b = np.float64(grids[numbers]), np.float64(grids[numbers + 1])
        c, d = np.float64(grids[numbers + 2]), np.float64(grids[numbers + 3])
        values = tile * layer.values_before + plan[at] * tile
        sums = tile * layer.sums_before + plan[at + 1]
        for n in range(rows):
            argument = b * np.float64(space.values[values + n]) + c
            space.sums[sums + n * layer.stride] += a * function_value(plan[at + 2], argument) + d


@compiled
def pull_formulas(layer, plan, grids, space, tile, rows):
    """Adds the formulas' share to the derivatives by the nodes before the layer."""
    for k in range(layer.n_formulas):
        at, numbers = layer.formulas + 3 * k, layer.constants + 4 * k
        a, b, c = np.float64(grids[numbers]), np.float64(grids[numbers + 1]), np.float64(grids[numbers + 2])
        values = tile * layer.values_before + plan[at] * tile
        for n in range(rows):
            argument = b * np.float64(space.values[values + n]) + c
            pull = np.float64(space.pulls[tile * layer.sums_before + n * layer.stride + plan[at + 1]])
            slope = pull * a * b * function_slope(plan[at + 2], argument)
            space.nodes[values + n] += slope
