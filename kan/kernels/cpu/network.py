"""Whole networks in one call: outputs, gradients, and the rows of the Jacobian, tile by tile."""

import numpy as np

from kan.kernels.cpu.compiled import compiled, entry
from kan.kernels.cpu.forward import forward_layer
from kan.kernels.cpu.layer import layer_at
from kan.kernels.cpu.losses import pull_loss
from kan.kernels.cpu.nodes import pull_nodes, put_nodes, put_outputs, put_rows
from kan.kernels.cpu.pull_inputs import pull_inputs
from kan.kernels.cpu.pull_weights import pull_weights
from kan.kernels.cpu.vector import take
from kan.kernels.cpu.workspace import chains, tile_rows, workspace


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
def backward(plan, weights, space, linked, tile, count, gradient, with_inputs):
    """Runs one tile backward from the derivatives by the last sums."""
    for number in range(plan[0] - 1, -1, -1):
        layer = layer_at(plan, number)
        pull_weights(layer, plan, weights, space, linked, tile, count, gradient)
        if number > 0 or with_inputs:
            pull_inputs(layer, plan, weights, space, tile, count)
        if number > 0:
            before = layer_at(plan, number - 1)
            pull_nodes(before, plan, space, tile, count, space.nodes, tile * layer.values_before, 1, tile)


@entry
def loss_gradient(plan, weights, grids, places, kept, x, y, loss, by_parameter):
    """Gives the mean loss over the rows; fills its gradient by the trainable numbers, `weights[places]`.

    Args:
        kept: 0 for the numbers of pruned edges, else 1.
        loss: a number of `kan.kernels.cpu.losses`.
    """
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    tile = tile_rows(weights, rows)
    space, linked = workspace(plan, weights, tile), chains(plan, tile)
    gradient = np.zeros_like(weights)
    out, by_node = np.empty((tile, last.nodes), weights.dtype), np.empty(tile * last.nodes, weights.dtype)
    scale, total = weights.dtype.type(1.0 / rows), 0.0
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, False)
        put_outputs(last, plan, space, tile, out, 0, count)
        total += pull_loss(loss, out, y, start, count, scale, by_node)
        pull_nodes(last, plan, space, tile, count, by_node, 0, last.nodes, 1)
        backward(plan, weights, space, linked, tile, count, gradient, False)
    for number in range(len(places)):
        by_parameter[number] = gradient[take(places, number)] * kept[number]
    return total / rows


@entry
def set_weights(weights, places, kept, vector):
    """Writes the trainable numbers to their places."""
    for number in range(len(places)):
        weights[take(places, number)] = vector[number] * kept[number]


@entry
def pull_back(plan, weights, grids, x, by_output, gradient, by_input):
    """Fills the derivatives of sum(by_output * outputs) by the weights and, where `by_input` has rows, by x."""
    rows, last = x.shape[0], layer_at(plan, plan[0] - 1)
    with_inputs = by_input.shape[0] > 0
    tile = tile_rows(weights, rows)
    space, linked = workspace(plan, weights, tile), chains(plan, tile)
    gradient[:] = 0
    flat = by_output.reshape(-1)
    for start in range(0, rows, tile):
        count = min(tile, rows - start)
        forward(plan, weights, grids, space, tile, x, start, count, True, with_inputs)
        pull_nodes(last, plan, space, tile, count, flat, start * last.nodes, last.nodes, 1)
        backward(plan, weights, space, linked, tile, count, gradient, with_inputs)
        if with_inputs:
            width = x.shape[1]
            for n in range(count):
                for i in range(width):
                    by_input[start + n, i] = space.nodes[i * tile + n]
