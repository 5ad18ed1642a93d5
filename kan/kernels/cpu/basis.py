"""The functions that are not zero at each value, their slopes, and where their weights start.

Inside an interval every function is a polynomial of t, which goes from 0 to 1. Beyond the grid it goes on linearly
with the slope inside the end, so every spline does.
"""

import numpy as np

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.exponential import sigmoid
from kan.kernels.cpu.vector import (
    TWO,
    broadcast,
    lanes,
    larger,
    load,
    smaller,
    store,
    store_integers,
    truncated,
    where_equal,
    zeros,
)

PADDING = 64


@compiled
def fill_terms(layer, plan, weights, grids, space, tile, with_slopes):
    """Fills a layer's terms, slopes and first functions from its values."""
    if layer.is_uniform:
        _fill_uniform(layer, weights, grids, space, tile, with_slopes)
    else:
        _fill_uneven(layer, grids, space, tile, with_slopes)
    if layer.has_base:
        _fill_base(layer, weights, space, tile, with_slopes)
    if layer.n_levels:
        _fill_levels(layer, plan, space, tile)


@compiled
def _fill_uniform(layer, weights, grids, space, tile, with_slopes):
    """Even knots: the interval by one multiplication, whole vectors of rows (or, for one row, of inputs)."""
    width = lanes(weights, TWO)
    step = width if tile == 1 else 1
    values, terms = tile * layer.values_before, tile * layer.terms_before
    kind = layer.inputs * tile
    low_at, scale_at = layer.grids, layer.grids + layer.inputs + PADDING
    zero = zeros(weights, TWO)
    last = zero + weights.dtype.type(layer.grid - 1)
    end = zero + weights.dtype.type(layer.grid)
    # From the last inputs to the first: what a vector writes beyond an input's last place is written again.
    for i in range((layer.inputs - 1) // step * step, -1, -step):
        low = load(grids, low_at + i, TWO) if tile == 1 else broadcast(grids, low_at + i, TWO)
        scale = load(grids, scale_at + i, TWO) if tile == 1 else broadcast(grids, scale_at + i, TWO)
        for n in range(0, tile, width):
            at = i * tile + n
            u = (load(space.values, values + at, TWO) - low) * scale
            inside = smaller(larger(u, zero), end)
            interval = smaller(truncated(inside), last)
            store_integers(space.first, values + at, interval * weights.dtype.type(layer.stride))
            t, beyond = inside - interval, u - inside
            if layer.is_zero_outside:
                _fill_pieces(layer, weights, grids, space, terms + at, kind, t, zero, scale, with_slopes)
                _zero_beyond(layer, weights, space, terms + at, kind, u, inside, end, with_slopes)
            elif layer.support == 4:
                _fill_cubic(space, weights, terms + at, kind, layer.has_base, t, beyond, scale, with_slopes)
            else:
                _fill_pieces(layer, weights, grids, space, terms + at, kind, t, beyond, scale, with_slopes)


@compiled
def _fill_cubic(space, weights, at, kind, has_base, t, beyond, scale, with_slopes):
    """The four cubic functions on even knots in closed form, and their slopes."""
    s = 1.0 - t
    tt, ss = t * t, s * s
    slope0, slope1, slope3 = ss * -0.5, (t * 1.5 - 2.0) * t, tt * 0.5
    slope2 = zeros(weights, TWO) - (slope0 + slope1 + slope3)
    store(space.terms, at, ss * s * (1.0 / 6.0) + beyond * slope0)
    store(space.terms, at + kind, (t * 0.5 - 1.0) * tt + 2.0 / 3.0 + beyond * slope1)
    store(space.terms, at + 2 * kind, (s * 0.5 - 1.0) * ss + 2.0 / 3.0 + beyond * slope2)
    store(space.terms, at + 3 * kind, tt * t * (1.0 / 6.0) + beyond * slope3)
    if with_slopes:
        slopes = at + 5 * kind
        store(space.terms, slopes, slope0 * scale)
        store(space.terms, slopes + kind, slope1 * scale)
        store(space.terms, slopes + 2 * kind, slope2 * scale)
        store(space.terms, slopes + 3 * kind, slope3 * scale)


@compiled
def _fill_pieces(layer, weights, grids, space, at, kind, t, beyond, scale, with_slopes):
    """Any degree on even knots: every interval has the same polynomials, evaluated by Horner's rule."""
    support = layer.support
    pieces = layer.grids + 2 * (layer.inputs + PADDING)
    for m in range(support):
        row = pieces + m * support
        value, slope = broadcast(grids, row + support - 1, TWO), zeros(weights, TWO)
        for power in range(support - 2, -1, -1):
            slope = slope * t + value
            value = value * t + broadcast(grids, row + power, TWO)
        store(space.terms, at + m * kind, value + beyond * slope)
        if with_slopes:
            store(space.terms, at + (support + 1 + m) * kind, slope * scale)


@compiled
def _zero_beyond(layer, weights, space, at, kind, u, inside, end, with_slopes):
    """The bare basis: nothing outside the knots, which are half open."""
    zero = zeros(weights, TWO)
    kept = where_equal(u, inside, where_equal(inside, end, zero, zero + 1.0), zero)
    for m in range(layer.support):
        store(space.terms, at + m * kind, load(space.terms, at + m * kind, TWO) * kept)
        if with_slopes:
            slope = at + (layer.support + 1 + m) * kind
            store(space.terms, slope, load(space.terms, slope, TWO) * kept)


@compiled
def _fill_uneven(layer, grids, space, tile, with_slopes):
    """Knots anywhere: the interval by counting, its own polynomials by Horner's rule."""
    support, grid = layer.support, layer.grid
    values, terms = tile * layer.values_before, tile * layer.terms_before
    kind = layer.inputs * tile
    inverse = layer.grids + layer.inputs * (grid + 1)
    pieces = inverse + layer.inputs * grid
    for i in range(layer.inputs):
        knots = layer.grids + i * (grid + 1)
        low, high = grids[knots], grids[knots + grid]
        for n in range(tile):
            at = i * tile + n
            x = space.values[values + at]
            inside = min(max(x, low), high) if x == x else low
            interval = 0
            for k in range(1, grid):
                interval += np.int64(inside >= grids[knots + k])
            scale = grids[inverse + i * grid + interval]
            t, beyond = (inside - grids[knots + interval]) * scale, (x - inside) * scale
            kept = grids.dtype.type(1)
            if layer.is_zero_outside:
                kept = grids.dtype.type(beyond == 0 and inside < high)
                beyond = grids.dtype.type(0)
            space.first[values + at] = interval * layer.stride
            for m in range(support):
                row = pieces + ((i * grid + interval) * support + m) * support
                value, slope = grids[row + support - 1], grids.dtype.type(0)
                for power in range(support - 2, -1, -1):
                    slope = slope * t + value
                    value = value * t + grids[row + power]
                space.terms[terms + at + m * kind] = (value + beyond * slope) * kept
                if with_slopes:
                    space.terms[terms + at + (support + 1 + m) * kind] = slope * scale * kept


@compiled
def _fill_base(layer, weights, space, tile, with_slopes):
    """silu(x) = x * sigmoid(x) and its slope."""
    kind = layer.inputs * tile
    values = tile * layer.values_before
    base = tile * layer.terms_before + layer.support * kind
    slope = base + (layer.support + 1) * kind
    is_double = weights.itemsize == 8
    for at in range(0, kind, lanes(weights, TWO)):
        x = load(space.values, values + at, TWO)
        gate = sigmoid(x, is_double)
        store(space.terms, base + at, x * gate)
        if with_slopes:
            store(space.terms, slope + at, (x * (1.0 - gate) + 1.0) * gate)


@compiled
def _fill_levels(layer, plan, space, tile):
    """A category takes one function, a 1 in the row of its level; a level never seen takes the last row."""
    kind = layer.inputs * tile
    values, terms = tile * layer.values_before, tile * layer.terms_before
    for entry in range(layer.n_levels):
        i, unseen = plan[layer.levels + 2 * entry], plan[layer.levels + 2 * entry + 1]
        for n in range(tile):
            at = i * tile + n
            x = space.values[values + at]
            level = np.int64(x) if x >= 0 and x < unseen else unseen
            space.first[values + at] = level * layer.stride
            for term in range(2 * (layer.support + 1)):
                space.terms[terms + at + term * kind] = 0
            space.terms[terms + at] = 1
