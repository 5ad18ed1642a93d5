"""One layer backward on a tile: from the derivatives by its sums to those by its weights and by its inputs."""

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.formulas import pull_formulas
from kan.kernels.cpu.vector import FOUR, ONE, TWO, broadcast, lane_sum, lanes, load, store, take, zeros


@compiled
def backward_layer(layer, plan, weights, grids, space, tile, rows, gradient, with_inputs):
    """Adds to the gradient of the weights; with inputs, fills the derivatives by the nodes before the layer."""
    if with_inputs:
        _clear_nodes(layer, space, tile, rows)
    for i in range(layer.inputs):
        column = 0
        while column < layer.stride:
            rest = layer.stride - column
            if rest >= lanes(weights, FOUR):
                _pull_columns(FOUR, layer, plan, weights, space, tile, rows, gradient, i, column, with_inputs)
                column += lanes(weights, FOUR)
            elif rest >= lanes(weights, TWO):
                _pull_columns(TWO, layer, plan, weights, space, tile, rows, gradient, i, column, with_inputs)
                column += lanes(weights, TWO)
            else:
                _pull_columns(ONE, layer, plan, weights, space, tile, rows, gradient, i, column, with_inputs)
                column += lanes(weights, ONE)
    if with_inputs:
        pull_formulas(layer, plan, grids, space, tile, rows)


@compiled
def pull_inputs(layer, plan, weights, grids, space, tile, rows):
    """Fills the derivatives by the nodes before the layer alone."""
    _clear_nodes(layer, space, tile, rows)
    for i in range(layer.inputs):
        for column in range(0, layer.stride, lanes(weights, ONE)):
            for n in range(rows):
                slope = _slope(ONE, layer, plan, weights, space, tile, n, i, column)
                pull = load(space.pulls, tile * layer.sums_before + n * layer.stride + column, ONE)
                space.nodes[tile * layer.values_before + n * layer.inputs + i] += lane_sum(pull * slope)
    pull_formulas(layer, plan, grids, space, tile, rows)


@compiled
def _clear_nodes(layer, space, tile, rows):
    nodes = tile * layer.values_before
    for at in range(nodes, nodes + rows * layer.inputs):
        space.nodes[at] = 0


@compiled
def _slope(width, layer, plan, weights, space, tile, n, i, column):
    """Gives the slopes of one input's edges at one row, a block of columns."""
    kind = layer.inputs * tile
    at = tile * layer.terms_before + i * tile + (layer.support + 1) * kind + n
    row = take(plan, layer.starts + i) + take(space.first, tile * layer.values_before + i * tile + n) + column
    slope = zeros(weights, width)
    for m in range(layer.support):
        slope = slope + broadcast(space.terms, at + m * kind, width) * load(weights, row + m * layer.stride, width)
    if layer.has_base:
        base = take(plan, layer.bases + i) + column
        slope = slope + broadcast(space.terms, at + layer.support * kind, width) * load(weights, base, width)
    return slope


@compiled
def _pull_columns(width, layer, plan, weights, space, tile, rows, gradient, i, column, with_inputs):
    """One input's edges to one block of columns."""
    kind = layer.inputs * tile
    terms, places = tile * layer.terms_before + i * tile, tile * layer.values_before + i * tile
    stride, start, base = layer.stride, take(plan, layer.starts + i) + column, take(plan, layer.bases + i) + column
    base_sum = zeros(weights, width)
    for n in range(rows):
        pull = load(space.pulls, tile * layer.sums_before + n * stride + column, width)
        row = start + take(space.first, places + n)
        if layer.support == 4:
            _add(gradient, row, broadcast(space.terms, terms + n, width) * pull, width)
            _add(gradient, row + stride, broadcast(space.terms, terms + n + kind, width) * pull, width)
            _add(gradient, row + 2 * stride, broadcast(space.terms, terms + n + 2 * kind, width) * pull, width)
            _add(gradient, row + 3 * stride, broadcast(space.terms, terms + n + 3 * kind, width) * pull, width)
        else:
            for m in range(layer.support):
                _add(gradient, row + m * stride, broadcast(space.terms, terms + n + m * kind, width) * pull, width)
        if layer.has_base:
            base_sum = base_sum + broadcast(space.terms, terms + n + layer.support * kind, width) * pull
        if with_inputs:
            slope = _slope(width, layer, plan, weights, space, tile, n, i, column)
            space.nodes[tile * layer.values_before + n * layer.inputs + i] += lane_sum(pull * slope)
    if layer.has_base:
        _add(gradient, base, base_sum, width)


@compiled
def _add(array, at, vector, width):
    store(array, at, load(array, at, width) + vector)
