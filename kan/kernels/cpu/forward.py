"""One layer forward on a tile: every sum is a few broadcast terms times rows of weights."""

from kan.kernels.cpu.basis import fill_terms
from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.formulas import add_formulas
from kan.kernels.cpu.vector import EIGHT, FOUR, ONE, TWO, broadcast, lanes, load, store, take, zeros

# Weights that fit the nearest cache beside the terms: inputs are taken in groups of so many bytes.
CACHED_BYTES = 19_968


@compiled
def forward_layer(layer, plan, weights, grids, space, tile, rows, with_slopes):
    """Fills a layer's sums from its values."""
    fill_terms(layer, plan, weights, grids, space, tile, with_slopes)
    sums = tile * layer.sums_before
    for at in range(sums, sums + rows * layer.stride, lanes(weights, ONE)):
        store(space.sums, at, zeros(weights, ONE))
    wide = min(layer.stride, lanes(weights, EIGHT))
    group = max(1, min(layer.inputs, CACHED_BYTES // ((layer.grid + layer.support) * wide * weights.itemsize)))
    column = 0
    while column < layer.stride:
        rest = layer.stride - column
        for first in range(0, layer.inputs, group):
            last = min(first + group, layer.inputs)
            if rest >= lanes(weights, EIGHT):
                _add_columns(EIGHT, layer, plan, weights, space, tile, rows, column, first, last)
            elif rest >= lanes(weights, FOUR):
                _add_columns(FOUR, layer, plan, weights, space, tile, rows, column, first, last)
            elif rest >= lanes(weights, TWO):
                _add_columns(TWO, layer, plan, weights, space, tile, rows, column, first, last)
            else:
                _add_columns(ONE, layer, plan, weights, space, tile, rows, column, first, last)
        column += _widest(weights, rest)
    add_formulas(layer, plan, weights, space, tile, rows)


@compiled
def _widest(weights, rest):
    """Gives the columns that `_add_columns` takes at once where `rest` are left."""
    wide = lanes(weights, EIGHT)
    while wide > rest:
        wide //= 2
    return wide


@compiled
def _add_columns(width, layer, plan, weights, space, tile, rows, column, first, last):
    """Adds the edges from inputs first … last - 1 to one block of columns."""
    kind = layer.inputs * tile
    terms, places = tile * layer.terms_before, tile * layer.values_before
    stride, base = layer.stride, layer.support * kind
    for n in range(rows):
        out = tile * layer.sums_before + n * stride + column
        total = load(space.sums, out, width)
        for i in range(first, last):
            at = terms + i * tile + n
            row = take(plan, layer.starts + i) + take(space.first, places + i * tile + n) + column
            if layer.support == 4:
                total = total + broadcast(space.terms, at, width) * load(weights, row, width)
                total = total + broadcast(space.terms, at + kind, width) * load(weights, row + stride, width)
                total = total + broadcast(space.terms, at + 2 * kind, width) * load(weights, row + 2 * stride, width)
                total = total + broadcast(space.terms, at + 3 * kind, width) * load(weights, row + 3 * stride, width)
            else:
                for m in range(layer.support):
                    total = total + broadcast(space.terms, at + m * kind, width) * load(
                        weights, row + m * stride, width
                    )
            if layer.has_base:
                row = take(plan, layer.bases + i) + column
                total = total + broadcast(space.terms, at + base, width) * load(weights, row, width)
        store(space.sums, out, total)
