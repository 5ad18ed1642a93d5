"""Derivatives by the nodes before a layer, from those by its sums."""

from kan.kernels.cpu.compiled import compiled, innermost
from kan.kernels.cpu.formulas import pull_formulas
from kan.kernels.cpu.vector import EIGHT, ONE, TWO, add_four_sums, broadcast, lanes, load, take, zeros

# Rows whose lanes are added together.
ROWS = 4


@compiled
def pull_inputs(layer, plan, weights, space, tile, rows):
    """Fills the derivatives by the nodes before the layer, [node][row]; a tile holds a multiple of four rows."""
    nodes = tile * layer.values_before
    for at in range(nodes, nodes + layer.inputs * tile):
        space.nodes[at] = 0
    for i in range(layer.inputs):
        column = 0
        while column < layer.stride:
            rest = layer.stride - column
            if rest >= lanes(weights, EIGHT):
                _pull_columns(EIGHT, layer, plan, weights, space, tile, rows, i, column)
                column += lanes(weights, EIGHT)
            elif rest >= lanes(weights, TWO):
                _pull_columns(TWO, layer, plan, weights, space, tile, rows, i, column)
                column += lanes(weights, TWO)
            else:
                _pull_columns(ONE, layer, plan, weights, space, tile, rows, i, column)
                column += lanes(weights, ONE)
    pull_formulas(layer, plan, weights, space, tile, rows)


@compiled
def _pull_columns(width, layer, plan, weights, space, tile, rows, i, column):
    """Adds the share of one input's edges to a block of columns."""
    nodes = tile * layer.values_before + i * tile
    for n in range(0, rows, ROWS):
        add_four_sums(
            space.nodes,
            nodes + n,
            _slope(width, layer, plan, weights, space, tile, n, i, column),
            _slope(width, layer, plan, weights, space, tile, n + 1, i, column),
            _slope(width, layer, plan, weights, space, tile, n + 2, i, column),
            _slope(width, layer, plan, weights, space, tile, n + 3, i, column),
        )


@innermost
def _slope(width, layer, plan, weights, space, tile, n, i, column):
    """Gives the slopes of one input's edges at one row, times the derivatives by the sums they lead to."""
    kind, stride = layer.inputs * tile, layer.stride
    at = tile * layer.terms_before + i * tile + (layer.support + 1) * kind + n
    row = take(plan, layer.starts + i) + take(space.first, tile * layer.values_before + i * tile + n) + column
    slope = zeros(weights, width)
    if layer.support == 4:
        slope = slope + broadcast(space.terms, at, width) * load(weights, row, width)
        slope = slope + broadcast(space.terms, at + kind, width) * load(weights, row + stride, width)
        slope = slope + broadcast(space.terms, at + 2 * kind, width) * load(weights, row + 2 * stride, width)
        slope = slope + broadcast(space.terms, at + 3 * kind, width) * load(weights, row + 3 * stride, width)
    else:
        for m in range(layer.support):
            slope = slope + broadcast(space.terms, at + m * kind, width) * load(weights, row + m * stride, width)
    if layer.has_base:
        base = take(plan, layer.bases + i) + column
        slope = slope + broadcast(space.terms, at + layer.support * kind, width) * load(weights, base, width)
    return slope * load(space.pulls, tile * layer.sums_before + n * stride + column, width)
