"""More nodes and more layers for the same function: what is new adds nothing until it is trained."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from kan.edge_places import check_index, hidden_layer_at
from kan.errors import InvalidConfig
from kan.knots import uniform_knots
from kan.state import Array, EdgeFormula, LayerState, LevelTable, NetworkState, OfEdge

# Spread of the coefficients of new edges, as the paper starts them (section 2.2).
START_SPREAD = 0.1
# Outputs are standardised: few rows lie beyond, where an identity goes on as itself all the same.
OUTPUT_RANGE = 3.0


def expand_width(
    state: NetworkState, layer: int, count: int = 1, *, arity: int | None = None, seed: int = 0
) -> NetworkState:
    """Gives the network with more hidden nodes, whose outgoing edges are live and zero everywhere.

    Edges that enter them are small random functions: were they zero too, no training would ever move them. New sums
    come after the old ones, new products last. The layers on both sides lose their statistics.

    Args:
        state: the network.
        layer: the layer whose edges enter the new nodes.
        count: how many, at least 1.
        arity: how many sums each new node multiplies, at least 2; None = plain sums.
        seed: of the edges that enter.

    Raises:
        InvalidConfig: the outputs, or a number out of its range.
    """
    held = hidden_layer_at(state, layer)
    if count < 1:
        raise InvalidConfig("count", "expected at least 1")
    if arity is not None and arity < 2:
        raise InvalidConfig("arity", "expected at least 2")
    sums, node = (held.outputs, held.nodes) if arity else (held.plain, held.plain)
    generator = np.random.default_rng(seed)
    wider = _with_sums(held, sums, count * (arity or 1), generator, state.base)
    layers = list(state.layers)
    layers[layer] = replace(wider, products=held.products + ((arity,) * count if arity else ()))
    layers[layer + 1] = _with_silent_inputs(layers[layer + 1], node, count)
    return replace(state, layers=tuple(layers))


def expand_depth(state: NetworkState, layer: int | None = None) -> NetworkState:
    """Gives the network with one more layer, whose edges are the identity from each node to itself.

    A spline is exactly the identity, inside its grid and beyond, when its coefficients are the means of the knots that
    shape them (Greville's abscissae); where splines end at their grid the edges are the formula x. All other edges of
    the layer are pruned, and zero if they are restored.

    Args:
        state: the network.
        layer: the number that the new layer gets, 1 or more; None = behind all others.

    Raises:
        InvalidConfig: a number out of its range; before the first layer there may be categories.
    """
    place = len(state.layers) if layer is None else layer
    check_index("layer", place - 1, len(state.layers), "new layer, counted from 1,")
    new = _identity(state, place)
    return replace(state, layers=(*state.layers[:place], new, *state.layers[place:]))


def _identity(state: NetworkState, place: int) -> LayerState:
    before, nodes = state.layers[place - 1], state.widths[place]
    degree = before.degree
    if place < len(state.layers):
        degree, knots = state.layers[place].degree, state.layers[place].knots
    else:
        knots = np.tile(uniform_knots(-OUTPUT_RANGE, OUTPUT_RANGE, before.grid, degree), (nodes, 1))
    basis = knots.shape[1] - degree - 1
    abscissae = np.mean([knots[:, 1 + k : 1 + k + basis] for k in range(degree)], axis=0)
    itself, is_formula = np.eye(nodes), state.outside == "zero"
    return LayerState(
        degree=degree,
        knots=knots,
        coefficients=abscissae[:, :, None] * itself[:, None, :],
        base_weight=np.zeros((nodes, nodes)),
        spline_weight=np.ones((nodes, nodes)),
        mask=np.zeros((nodes, nodes)) if is_formula else itself,
        formulas=tuple(EdgeFormula(k, k, "x", 1.0, 1.0, 0.0, 0.0) for k in range(nodes)) if is_formula else (),
    )


def _with_sums(layer: LayerState, at: int, count: int, generator: np.random.Generator, base: str) -> LayerState:
    """Gives the layer with new sums before number `at`, entered by small random functions."""
    scale = 1.0 / np.sqrt(layer.inputs)
    coefficients = START_SPREAD * scale * generator.normal(size=(layer.inputs, layer.coefficients.shape[1], count))
    weights = scale * generator.uniform(-1.0, 1.0, (layer.inputs, count)) * (base != "zero")
    for table in layer.levels:
        coefficients[table.source], weights[table.source] = 0.0, 0.0
    return replace(
        layer,
        coefficients=_inserted(layer.coefficients, at, coefficients, axis=2),
        base_weight=_inserted(layer.base_weight, at, weights, axis=1),
        spline_weight=_inserted(layer.spline_weight, at, np.ones(weights.shape), axis=1),
        mask=_inserted(layer.mask, at, np.ones(weights.shape), axis=1),
        levels=tuple(_with_columns(table, at, count, scale, generator) for table in layer.levels),
        statistics=None,
        formulas=_moved(layer.formulas, "target", at, count),
        pruned_formulas=_moved(layer.pruned_formulas, "target", at, count),
        shapes=_moved(layer.shapes, "target", at, count),
    )


def _with_columns(table: LevelTable, at: int, count: int, scale: float, generator: np.random.Generator) -> LevelTable:
    values = START_SPREAD * scale * generator.normal(size=(len(table.values), count))
    return replace(table, values=_inserted(table.values, at, values, axis=1))


def _with_silent_inputs(layer: LayerState, at: int, count: int) -> LayerState:
    """Gives the layer with new inputs before number `at`, whose edges are live and zero."""
    knots = np.tile(uniform_knots(-1.0, 1.0, layer.grid, layer.degree), (count, 1))
    ones = np.ones((count, layer.outputs))
    return replace(
        layer,
        knots=_inserted(layer.knots, at, knots, axis=0),
        coefficients=_inserted(layer.coefficients, at, np.zeros((count, *layer.coefficients.shape[1:])), axis=0),
        base_weight=_inserted(layer.base_weight, at, np.zeros_like(ones), axis=0),
        spline_weight=_inserted(layer.spline_weight, at, ones, axis=0),
        mask=_inserted(layer.mask, at, ones, axis=0),
        statistics=None,
        formulas=_moved(layer.formulas, "source", at, count),
        pruned_formulas=_moved(layer.pruned_formulas, "source", at, count),
        shapes=_moved(layer.shapes, "source", at, count),
    )


def _inserted(array: Array, at: int, new: Array, *, axis: int) -> Array:
    before, after = np.split(array, [at], axis=axis)
    return np.concatenate([before, new, after], axis=axis)


def _moved(found: Iterable[OfEdge], end: str, at: int, count: int) -> tuple[OfEdge, ...]:
    """Gives what edges have whose source or target has moved behind new ones."""
    return tuple(
        replace(item, **{end: getattr(item, end) + count}) if getattr(item, end) >= at else item for item in found
    )
