"""Derivatives of every row's outputs by all trainable numbers: what Levenberg-Marquardt needs, exact."""

from kan.kernels.cpu.compiled import compiled, entry
from kan.kernels.cpu.formulas import by_constants, constants_column
from kan.kernels.cpu.layer import is_category, layer_at
from kan.kernels.cpu.network import forward
from kan.kernels.cpu.nodes import pull_nodes
from kan.kernels.cpu.pull_inputs import pull_inputs
from kan.kernels.cpu.vector import ONE, broadcast, lanes, load, store, take
from kan.kernels.cpu.workspace import tile_rows, workspace


@entry
def jacobian(plan, weights, grids, x, seeds, filled, parameters):
    """Fills rows of `parameters` numbers with the derivatives of each row's sum(seeds * outputs).

    `filled` is flat, holds zeros before, and SPARE more after the last row. The columns are the layers' weight matrices
    one after the other, rows first, each before the constants of its layer's formulas.
    """
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    tile = tile_rows(weights, rows)
    space = workspace(plan, weights, tile)
    flat = seeds.reshape(-1)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, False)
        pull_nodes(last, plan, space, tile, count, flat, start * last.nodes, last.nodes, 1)
        pull_layers(plan, weights, space, tile, count)
        for n in range(count):
            for number in range(plan[0]):
                _fill(layer_at(plan, number), plan, weights, space, tile, n, filled, (start + n) * parameters)


@compiled
def pull_layers(plan, weights, space, tile, count):
    """Carries the derivatives by the last sums back to the sums of every layer."""
    for number in range(plan[0] - 1, 0, -1):
        layer, before = layer_at(plan, number), layer_at(plan, number - 1)
        pull_inputs(layer, plan, weights, space, tile, count)
        pull_nodes(before, plan, space, tile, count, space.nodes, tile * layer.values_before, 1, tile)


@compiled
def _fill(layer, plan, weights, space, tile, n, filled, row):
    """Puts one row's derivatives by a layer's weights into its columns, from left to right: categories, then formulas.

    A vector may reach into columns further right: it leaves zeros there, and what belongs there comes later.
    """
    for i in range(layer.inputs):
        if not is_category(layer, plan, i):
            _fill_input(layer, plan, weights, space, tile, n, filled, row, i)
    for category in range(layer.n_levels):
        _fill_input(layer, plan, weights, space, tile, n, filled, row, take(plan, layer.levels + 2 * category))
    for k in range(layer.n_formulas):
        at = row + constants_column(layer, plan, k)
        filled[at], filled[at + 1], filled[at + 2], filled[at + 3] = by_constants(
            layer, plan, weights, space, tile, n, k
        )


@compiled
def _fill_input(layer, plan, weights, space, tile, n, filled, row, i):
    kind, wide = layer.inputs * tile, lanes(weights, ONE)
    pulls = tile * layer.sums_before + n * layer.stride
    column, splines = row + take(plan, layer.columns + i), take(plan, layer.splines + i)
    terms = tile * layer.terms_before + i * tile + n
    first = take(space.first, tile * layer.values_before + i * tile + n) // layer.stride
    for m in range(min(layer.support, splines - first)):
        at, term = column + (first + m) * layer.outputs, broadcast(space.terms, terms + m * kind, ONE)
        for o in range(0, layer.outputs, wide):
            store(filled, at + o, term * load(space.pulls, pulls + o, ONE))
    if take(plan, layer.trainable + i) > splines:
        at, term = column + splines * layer.outputs, broadcast(space.terms, terms + layer.support * kind, ONE)
        for o in range(0, layer.outputs, wide):
            store(filled, at + o, term * load(space.pulls, pulls + o, ONE))
