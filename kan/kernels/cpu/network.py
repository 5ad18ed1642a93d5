"""Whole networks in one call: outputs, gradients, and the rows of the Jacobian, tile by tile."""

import numpy as np

from kan.kernels.cpu.backward import backward_layer
from kan.kernels.cpu.compiled import compiled, entry
from kan.kernels.cpu.forward import forward_layer
from kan.kernels.cpu.layer import layer_at
from kan.kernels.cpu.nodes import pull_nodes, put_nodes, put_outputs, put_rows
from kan.kernels.cpu.workspace import tile_rows, workspace


@entry
def outputs(plan, weights, grids, x):
    """Gives the outputs, (rows, outputs), of rows in network units; the same bits for a row alone as among many."""
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    out = np.empty((rows, last.nodes), weights.dtype)
    tile = 1 if rows == 1 else tile_rows(weights, rows)
    space = workspace(plan, weights, tile)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, False, False)
        put_outputs(last, plan, space, tile, out, start, count)
    return out


@compiled
def forward(plan, weights, grids, space, tile, x, start, count, with_slopes, with_inputs):
    """Runs one tile forward; with slopes, ready for the way back (with inputs: down to the rows themselves)."""
    for number in range(plan[0]):
        layer = layer_at(plan, number)
        if number == 0:
            put_rows(layer, space, tile, x, start, count)
        else:
            put_nodes(layer_at(plan, number - 1), layer, plan, space, tile, count)
        slopes = with_slopes and (number > 0 or with_inputs)
        forward_layer(layer, plan, weights, grids, space, tile, count, slopes)


@compiled
def backward(plan, weights, grids, space, tile, count, gradient, with_inputs):
    """Runs one tile backward from the derivatives by the last sums."""
    for number in range(plan[0] - 1, -1, -1):
        layer = layer_at(plan, number)
        backward_layer(layer, plan, weights, grids, space, tile, count, gradient, number > 0 or with_inputs)
        if number > 0:
            before = layer_at(plan, number - 1)
            pull_nodes(before, plan, space, tile, count, space.nodes, tile * layer.values_before, layer.inputs)


@entry
def squared_error(plan, weights, grids, x, y, gradient):
    """Gives the mean squared error over rows and outputs; fills its gradient by the weights."""
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    tile = tile_rows(weights, rows)
    space = workspace(plan, weights, tile)
    by_node = np.empty(tile * last.nodes, weights.dtype)
    scale = weights.dtype.type(2.0 / (rows * last.nodes))
    gradient[:] = 0
    out = np.empty((tile, last.nodes), weights.dtype)
    total = 0.0
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, False)
        put_outputs(last, plan, space, tile, out, 0, count)
        for n in range(count):
            for o in range(last.nodes):
                error = out[n, o] - y[start + n, o]
                total += error * error
                by_node[n * last.nodes + o] = scale * error
        pull_nodes(last, plan, space, tile, count, by_node, 0, last.nodes)
        backward(plan, weights, grids, space, tile, count, gradient, False)
    return total / (rows * last.nodes)


@entry
def pull_back(plan, weights, grids, x, by_output, gradient, by_input):
    """Fills the derivatives of sum(by_output * outputs) by the weights and, where `by_input` has rows, by x."""
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    with_inputs = by_input.shape[0] > 0
    tile = tile_rows(weights, rows)
    space = workspace(plan, weights, tile)
    gradient[:] = 0
    flat = by_output.reshape(-1)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, with_inputs)
        pull_nodes(last, plan, space, tile, count, flat, start * last.nodes, last.nodes)
        backward(plan, weights, grids, space, tile, count, gradient, with_inputs)
        if with_inputs:
            width = x.shape[1]
            for n in range(count):
                for i in range(width):
                    by_input[start + n, i] = space.nodes[n * width + i]
