"""The means of pruned edges as constants of the sums they entered, so that a network stays nearer to what it was."""

from dataclasses import replace

import numpy as np

from kan.edge_places import with_layer
from kan.predictor import edge_values, evaluate_layers
from kan.state import Array, LayerState, NetworkState


def with_kept_means(before: NetworkState, after: NetworkState, x: Array) -> NetworkState:
    """Gives the second network with the mean of every edge that only the first one has, added to the sum it entered.

    There is no bias: the constant goes into a live edge of that sum, a formula, a table of levels or a spline, whose
    functions add up to 1. A sum that has no such edge left stays without it.

    Args:
        before: a network.
        after: the same with edges pruned.
        x: (rows, inputs) rows to take the means over, evaluated as before.
    """
    entering = evaluate_layers(before, x)
    for index, layer in enumerate(before.layers):
        gone = layer.live & ~after.layers[index].live
        constants = np.zeros(layer.outputs)
        for source in np.flatnonzero(gone.any(axis=1)):
            edges = edge_values(
                layer, int(source), entering[index][:, source], base=before.base, outside=before.outside
            )
            constants += np.where(gone[source], edges.mean(axis=0), 0.0)
        for target in np.flatnonzero(np.isfinite(constants) & (constants != 0)):
            changed = _with_constant(after.layers[index], int(target), float(constants[target]), after.outside)
            after = with_layer(after, index, changed)
    return after


def _with_constant(layer: LayerState, target: int, constant: float, outside: str) -> LayerState:
    """Gives the layer with a constant in one of its sums."""
    into = [formula for formula in layer.formulas if formula.target == target]
    if into:
        changed = replace(into[0], d=into[0].d + constant)
        return replace(layer, formulas=tuple(changed if one is into[0] else one for one in layer.formulas))
    for table in layer.levels:
        if layer.mask[table.source, target] != 0:
            values = _raised(table.values, target, constant / layer.mask[table.source, target])
            levels = tuple(replace(one, values=values) if one is table else one for one in layer.levels)
            return replace(layer, levels=levels)
    # A spline that is zero outside its grid would lose the constant there.
    weights = np.zeros(layer.inputs) if outside == "zero" else layer.mask[:, target] * layer.spline_weight[:, target]
    source = int(np.abs(weights).argmax())
    if weights[source] == 0:
        return layer
    coefficients = layer.coefficients.copy()
    coefficients[source, :, target] += constant / weights[source]
    return replace(layer, coefficients=coefficients)


def _raised(values: Array, target: int, constant: float) -> Array:
    raised = values.copy()
    raised[:, target] += constant
    return raised
