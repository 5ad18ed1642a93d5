"""Derivatives by a layer's weights: rows of one interval after the other, so that their sums stay in registers."""

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.formulas import pull_constants
from kan.kernels.cpu.layer import is_category
from kan.kernels.cpu.vector import (
    EIGHT,
    HAS_WIDE_REGISTERS,
    ONE,
    TWO,
    broadcast,
    lanes,
    load,
    store,
    take,
    zeros,
)


@compiled
def pull_weights(layer, plan, weights, space, chains, tile, rows, gradient):
    """Adds to the gradient of the weights, and of the constants of formulas."""
    pull_constants(layer, plan, weights, space, tile, rows, gradient)
    for i in range(layer.inputs):
        in_windows = layer.support == 4 and not is_category(layer, plan, i)
        if in_windows:
            _chain_rows(layer, space, chains, tile, rows, i)
        column = 0
        while column < layer.stride:
            rest = layer.stride - column
            if HAS_WIDE_REGISTERS and rest >= lanes(weights, EIGHT):
                _pull_columns(EIGHT, layer, plan, weights, space, chains, tile, rows, gradient, i, column, in_windows)
                column += lanes(weights, EIGHT)
            elif rest >= lanes(weights, TWO):
                _pull_columns(TWO, layer, plan, weights, space, chains, tile, rows, gradient, i, column, in_windows)
                column += lanes(weights, TWO)
            else:
                _pull_columns(ONE, layer, plan, weights, space, chains, tile, rows, gradient, i, column, in_windows)
                column += lanes(weights, ONE)


@compiled
def _chain_rows(layer, space, chains, tile, rows, i):
    """Links the rows whose first function is the same, in their order."""
    places = tile * layer.values_before + i * tile
    for interval in range(layer.grid):
        chains.heads[interval * layer.stride] = -1
    for n in range(rows - 1, -1, -1):
        first = take(space.first, places + n)
        chains.following[n] = chains.heads[first]
        chains.heads[first] = n


@compiled
def _pull_columns(width, layer, plan, weights, space, chains, tile, rows, gradient, i, column, in_windows):
    if in_windows:
        _pull_windows(width, layer, plan, weights, space, chains, tile, gradient, i, column)
    else:
        _pull_row_by_row(width, layer, plan, weights, space, chains, tile, rows, gradient, i, column)


@compiled
def _pull_windows(width, layer, plan, weights, space, chains, tile, gradient, i, column):
    """Cubic: four sums move along the grid with its intervals; the first is complete when they move on."""
    kind, stride = layer.inputs * tile, layer.stride
    terms, pulls = tile * layer.terms_before + i * tile, tile * layer.sums_before + column
    row = take(plan, layer.starts + i) + column
    sum0, sum1, sum2, base = zeros(weights, width), zeros(weights, width), zeros(weights, width), zeros(weights, width)
    for interval in range(layer.grid):
        sum3 = zeros(weights, width)
        n = take(chains.heads, interval * stride)
        while n >= 0:
            pull = load(space.pulls, pulls + n * stride, width)
            sum0 = sum0 + broadcast(space.terms, terms + n, width) * pull
            sum1 = sum1 + broadcast(space.terms, terms + n + kind, width) * pull
            sum2 = sum2 + broadcast(space.terms, terms + n + 2 * kind, width) * pull
            sum3 = sum3 + broadcast(space.terms, terms + n + 3 * kind, width) * pull
            if layer.has_base:
                base = base + broadcast(space.terms, terms + n + 4 * kind, width) * pull
            n = take(chains.following, n)
        _add(gradient, row, sum0, width)
        sum0, sum1, sum2 = sum1, sum2, sum3
        row += stride
    _add(gradient, row, sum0, width)
    _add(gradient, row + stride, sum1, width)
    _add(gradient, row + 2 * stride, sum2, width)
    if layer.has_base:
        _add(gradient, take(plan, layer.bases + i) + column, base, width)


@compiled
def _pull_row_by_row(width, layer, plan, weights, space, chains, tile, rows, gradient, i, column):
    kind, stride = layer.inputs * tile, layer.stride
    terms, places = tile * layer.terms_before + i * tile, tile * layer.values_before + i * tile
    start, base = take(plan, layer.starts + i) + column, zeros(weights, width)
    for n in range(rows):
        pull = load(space.pulls, tile * layer.sums_before + n * stride + column, width)
        row = start + take(space.first, places + n)
        for m in range(layer.support):
            _add(gradient, row + m * stride, broadcast(space.terms, terms + n + m * kind, width) * pull, width)
        if layer.has_base:
            base = base + broadcast(space.terms, terms + n + layer.support * kind, width) * pull
    if layer.has_base:
        _add(gradient, take(plan, layer.bases + i) + column, base, width)


@compiled
def _add(array, at, vector, width):
    store(array, at, load(array, at, width) + vector)
