"""J'J from the derivatives that are not zero: degree + 2 for every edge, however fine the grid."""

import numpy as np

from kan.kernels.cpu.compiled import compiled, entry
from kan.kernels.cpu.formulas import by_constants, constants_column
from kan.kernels.cpu.jacobian import pull_layers
from kan.kernels.cpu.layer import is_category, layer_at
from kan.kernels.cpu.network import forward
from kan.kernels.cpu.nodes import pull_nodes
from kan.kernels.cpu.vector import TWO, broadcast, lanes, load, store, take
from kan.kernels.cpu.workspace import SPARE, tile_rows, workspace


@entry
def add_normal_matrix(plan, weights, grids, x, seeds, matrix, stride, kept):
    """Adds J'J, J as in `jacobian`, to the upper triangle of a flat matrix with `stride` numbers a row.

    A row's derivatives lie between zeros in `values`; `blocks` lists the vectors of it that are not all zero, from
    left to right. What stands left of the diagonal afterwards means nothing.
    """
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    tile = tile_rows(weights, rows)
    space = workspace(plan, weights, tile)
    flat = seeds.reshape(-1)
    values, blocks = np.zeros(stride + SPARE, weights.dtype), np.empty(stride + SPARE, np.int64)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, False)
        pull_nodes(last, plan, space, tile, count, flat, start * last.nodes, last.nodes, 1)
        pull_layers(plan, weights, space, tile, count)
        for n in range(count):
            used = 0
            for number in range(plan[0]):
                used = _put_row(layer_at(plan, number), plan, weights, space, tile, n, values, blocks, used, kept)
            _add_outer(values, blocks, used, matrix, stride)


@compiled
def _put_row(layer, plan, weights, space, tile, n, values, blocks, used, kept):
    """Puts one row's derivatives by a layer's weights into `values`; gives how many blocks are listed by then."""
    for i in range(layer.inputs):
        if not is_category(layer, plan, i):
            used = _put_input(layer, plan, weights, space, tile, n, values, blocks, used, kept, i)
    for category in range(layer.n_levels):
        i = take(plan, layer.levels + 2 * category)
        used = _put_input(layer, plan, weights, space, tile, n, values, blocks, used, kept, i)
    for k in range(layer.n_formulas):
        at = constants_column(layer, plan, k)
        values[at], values[at + 1], values[at + 2], values[at + 3] = by_constants(
            layer, plan, weights, space, tile, n, k
        )
        used = _listed(values, at, at + 3, blocks, used)
    return used


@compiled
def _put_input(layer, plan, weights, space, tile, n, values, blocks, used, kept, i):
    """Puts the derivatives by the edges that leave one input."""
    kind = layer.inputs * tile
    column, splines = take(plan, layer.columns + i), take(plan, layer.splines + i)
    terms = tile * layer.terms_before + i * tile + n
    first = take(space.first, tile * layer.values_before + i * tile + n) // layer.stride
    for m in range(min(layer.support, splines - first)):
        at = column + (first + m) * layer.outputs
        used = _put_term(layer, weights, space, tile, n, terms + m * kind, values, at, blocks, used, kept)
    if take(plan, layer.trainable + i) > splines:
        at, term = column + splines * layer.outputs, terms + layer.support * kind
        used = _put_term(layer, weights, space, tile, n, term, values, at, blocks, used, kept)
    return used


@compiled
def _put_term(layer, weights, space, tile, n, term, values, at, blocks, used, kept):
    """Puts one function of one input, times the derivatives by all sums."""
    pulls = tile * layer.sums_before + n * layer.stride
    for o in range(layer.outputs):
        values[at + o] = space.terms[term] * space.pulls[pulls + o] * kept[at + o]
    return _listed(values, at, at + layer.outputs - 1, blocks, used)


@compiled
def _listed(values, first, last, blocks, used):
    """Lists the blocks of some places further right than all before; gives how many are listed by then."""
    wide = lanes(values, TWO)
    for block in range(first // wide, last // wide + 1):
        if used == 0 or blocks[used - 1] < block:
            blocks[used] = block
            used += 1
    return used


@compiled
def _add_outer(values, blocks, used, matrix, stride):
    """Adds the outer product of one row with itself, then clears the row."""
    wide = lanes(values, TWO)
    for left in range(used):
        for k in range(wide):
            row = take(blocks, left) * wide + k
            if values[row] != 0:
                value = broadcast(values, row, TWO)
                for right in range(left, used):
                    column = take(blocks, right) * wide
                    at = row * stride + column
                    store(matrix, at, load(matrix, at, TWO) + value * load(values, column, TWO))
    for left in range(used):
        for k in range(wide):
            values[blocks[left] * wide + k] = 0
