"""What a tile of rows needs between the layers; made inside each call, so that threads share nothing."""

from typing import NamedTuple

import numpy as np

from kan.kernels.cpu.compiled import compiled, entry
from kan.kernels.cpu.layer import layer_at
from kan.kernels.cpu.vector import TWO, lanes

# Rows that go through the whole network together: their numbers stay in the nearest cache.
TILE_ROWS = 64
# A vector may write beyond the last number it is after.
SPARE = 64


class Workspace(NamedTuple):
    """Arrays of one tile; a layer's part starts at tile * `…_before`.

    Attributes:
        values: what enters each layer, [input][row].
        terms: functions, base branch, then their derivatives, [term][input][row].
        first: floats from an input's first weight to its first function that is not zero, [input][row].
        sums: what leaves each layer, [row][output].
        pulls: derivatives of the loss by the sums, [row][output].
        nodes: derivatives by the nodes before each layer, [node][row].
    """

    values: np.ndarray
    terms: np.ndarray
    first: np.ndarray
    sums: np.ndarray
    pulls: np.ndarray
    nodes: np.ndarray


class Chains(NamedTuple):
    """The rows of a tile that have the same first function, for one input at a time.

    Attributes:
        heads: the first row whose first function is at that float, -1 for none.
        following: of each row, the next one with the same first function, -1 for none.
    """

    heads: np.ndarray
    following: np.ndarray


@compiled
def tile_rows(weights, rows):
    """Gives the rows of a tile, in whole vectors; one row alone without derivatives can do with a tile of 1."""
    step = lanes(weights, TWO)
    return min(TILE_ROWS, max(1, (rows + step - 1) // step) * step)


@entry
def workspace(plan, weights, tile):
    """Makes the arrays of one tile."""
    dtype = weights.dtype
    return Workspace(
        np.empty(tile * plan[2] + SPARE, dtype),
        np.empty(tile * plan[1] + SPARE, dtype),
        np.empty(tile * plan[2] + SPARE, np.int32),
        np.empty(tile * plan[3] + SPARE, dtype),
        np.empty(tile * plan[3] + SPARE, dtype),
        np.empty(tile * plan[2] + SPARE, dtype),
    )


@entry
def chains(plan, tile):
    """Makes the arrays of one tile's chains."""
    most = 0
    for number in range(plan[0]):
        layer = layer_at(plan, number)
        most = max(most, layer.grid * layer.stride)
    return Chains(np.empty(most, np.int32), np.empty(tile, np.int32))
