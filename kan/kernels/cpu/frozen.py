"""The kernels that serve: no Python within, no lock, no state that two calls would share.

A model is an int64 array: address and length of its plan, weights and grids. Arrays come as Python objects, so that a
call has nothing to convert.
"""

import numpy as np

from kan.kernels.cpu.compiled import compiled
from kan.kernels.cpu.jacobian import pull_layers
from kan.kernels.cpu.layer import layer_at
from kan.kernels.cpu.network import forward
from kan.kernels.cpu.nodes import pull_nodes, put_outputs
from kan.kernels.cpu.pull_inputs import pull_inputs
from kan.kernels.cpu.raw_arrays import HEAD_WORDS, allocate, array_at, inlined, release, table_at
from kan.kernels.cpu.workspace import SPARE, Workspace, tile_rows

DONE, NO_MEMORY = 0, 1
# What a vector crosses costs twice the time.
LINE_BYTES = 64


@compiled
def frozen_outputs(model, x, rows, out, number):
    """Fills `out`, (rows, outputs); the same bits for a row alone as among many."""
    plan, weights, grids = _plan(model), _floats(model, 2, number), _floats(model, 4, number)
    last = layer_at(plan, plan[0] - 1)
    table = table_at(_address(x), rows, layer_at(plan, 0).inputs, number)
    filled = table_at(_address(out), rows, last.nodes, number)
    tile = 1 if rows == 1 else tile_rows(weights, rows)
    block = allocate(_bytes(plan, weights, tile))
    if block == 0:
        return NO_MEMORY
    space = _workspace(plan, weights, tile, np.int64(block), number)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, table, start, count, False, False)
        put_outputs(last, plan, space, tile, filled, start, count)
    release(block)
    return DONE


@compiled
def frozen_input_gradient(model, x, by_output, rows, by_input, number):
    """Fills `by_input`, (rows, inputs), with the derivatives of each row's sum(by_output * outputs)."""
    plan, weights, grids = _plan(model), _floats(model, 2, number), _floats(model, 4, number)
    first, last = layer_at(plan, 0), layer_at(plan, plan[0] - 1)
    table = table_at(_address(x), rows, first.inputs, number)
    pulls = array_at(_address(by_output), rows * last.nodes, number)
    filled = array_at(_address(by_input), rows * first.inputs, number)
    tile = tile_rows(weights, rows)
    block = allocate(_bytes(plan, weights, tile))
    if block == 0:
        return NO_MEMORY
    space = _workspace(plan, weights, tile, np.int64(block), number)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, table, start, count, True, True)
        pull_nodes(last, plan, space, tile, count, pulls, start * last.nodes, last.nodes, 1)
        pull_layers(plan, weights, space, tile, count)
        pull_inputs(first, plan, weights, space, tile, count)
        for n in range(count):
            for i in range(first.inputs):
                filled[(start + n) * first.inputs + i] = space.nodes[i * tile + n]
    release(block)
    return DONE


@compiled
def _address(array):
    return array_at(array, HEAD_WORDS + 1, np.int64)[HEAD_WORDS]


@inlined
def _plan(model):
    words = array_at(_address(model), 6, np.int64)
    return array_at(words[0], words[1], np.int64)


@inlined
def _floats(model, place, number):
    words = array_at(_address(model), 6, np.int64)
    return array_at(words[place], words[place + 1], number)


@compiled
def _bytes(plan, weights, tile):
    """Gives what `_workspace` takes."""
    floats = tile * (plan[1] + 2 * plan[2] + 2 * plan[3]) + 5 * SPARE
    return np.uintp(floats * weights.itemsize + 4 * (tile * plan[2] + SPARE) + LINE_BYTES)


@inlined
def _workspace(plan, weights, tile, block, number):
    """Lays the arrays of one tile out in a block of memory."""
    block = block + (LINE_BYTES - block % LINE_BYTES)
    values, terms, sums = tile * plan[2] + SPARE, tile * plan[1] + SPARE, tile * plan[3] + SPARE
    size = weights.itemsize
    at_terms = block + values * size
    at_sums = at_terms + terms * size
    at_pulls = at_sums + sums * size
    at_nodes = at_pulls + sums * size
    return Workspace(
        array_at(block, values, number),
        array_at(at_terms, terms, number),
        array_at(at_nodes + values * size, values, np.int32),
        array_at(at_sums, sums, number),
        array_at(at_pulls, sums, number),
        array_at(at_nodes, values, number),
    )
