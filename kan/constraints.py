"""Edges that only rise, only fall, bend one way or are zero: the nearest such function takes an edge's place.

The base branch, which both falls and rises, becomes part of the spline. The network knows from then on which edges keep
a shape: every training and every edit keeps it, until constraints are named that take its place.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kan.bspline import edge_spline
from kan.config_constraints import KINDS, Constraint
from kan.edge_places import check_edge, layer_at, with_layer
from kan.edge_shapes import has_shape, is_bend, knot_spans, sign_of
from kan.errors import InvalidConfig
from kan.predictor import edge_values
from kan.prune import prune_edge
from kan.state import Array, EdgeShape, LayerState, NetworkState, in_order

# The function is compared with its replacement at so many points of every interval.
POINTS_PER_INTERVAL = 20
MAX_ITERATIONS = 10_000


def constrained(state: NetworkState, layer: int, source: int, target: int, kind: str) -> NetworkState:
    """Gives the network with one edge replaced by the nearest function of a shape, which it keeps from now on.

    Nearest by least squares over the grid, among the splines on the edge's knots; one that has the shape stays as it
    is. `zero` prunes the edge.

    Args:
        state: the network.
        layer, source, target: a live spline edge.
        kind: "increasing" and "decreasing" (constant pieces are allowed), "convex", "concave" or "zero".

    Raises:
        InvalidConfig: no such kind or edge; a pruned edge, a formula or the levels of a category.
    """
    held = layer_at(state, layer)
    check_edge(held, source, target)
    if kind not in KINDS:
        raise InvalidConfig("kind", f"expected one of {', '.join(KINDS)}")
    if kind == "zero":
        return prune_edge(state, layer, source, target)
    if held.level_table(source) is not None:
        raise InvalidConfig("source", "expected a number; the levels of a category have no order")
    if held.mask[source, target] == 0:
        raise InvalidConfig("target", "expected a spline; the edge is pruned or a formula")
    shaped = _promising(held, EdgeShape(source, target, kind))
    if not has_shape(held, source, target, kind):
        shaped = _with_spline(shaped, source, target, _nearest(state, held, source, target, kind))
    return state if shaped is held else with_layer(state, layer, shaped)


def kept_constraints(state: NetworkState) -> tuple[Constraint, ...]:
    """Gives the shapes that edges of the network keep; those of pruned edges and of formulas are not among them."""
    return tuple(
        Constraint(index, shape.source, shape.target, shape.kind)
        for index, layer in enumerate(state.layers)
        for shape in layer.shapes
        if layer.mask[shape.source, shape.target] != 0
    )


def with_kept_shapes(state: NetworkState) -> NetworkState:
    """Gives the network with the shapes that its edges keep, where a change of their grid has taken them away."""
    return all_constrained(state, kept_constraints(state))


def with_constraints(state: NetworkState, constraints: Sequence[Constraint]) -> NetworkState:
    """Gives the network with these constraints and no others.

    Raises:
        InvalidConfig: as `all_constrained`.
    """
    named = {constraint.edge for constraint in constraints}
    for index, layer in enumerate(state.layers):
        shapes = tuple(shape for shape in layer.shapes if (index, shape.source, shape.target) in named)
        if shapes != layer.shapes:
            state = with_layer(state, index, replace(layer, shapes=shapes))
    return all_constrained(state, constraints)


def all_constrained(state: NetworkState, constraints: Sequence[Constraint]) -> NetworkState:
    """Gives the network with every constraint kept beside those that it has, each edge by the nearest function.

    Raises:
        InvalidConfig: as `constrained`; its field is a path such as `constraints/0/target`.
    """
    for number, constraint in enumerate(constraints):
        try:
            state = constrained(state, *constraint.edge, constraint.kind)
        except InvalidConfig as error:
            raise InvalidConfig(f"constraints/{number}/{error.field}", error.message) from error
    return state


def shape_matrix(layer: LayerState, source: int, kind: str) -> tuple[Array, int]:
    """Gives the matrix from steps to coefficients, and how many of the first steps may have either sign.

    With the other steps not negative the spline has the shape: they are those of the coefficients, of a bend those of
    the slope.

    Args:
        layer: for its knots.
        source: of the edge.
        kind: any but "zero".
    """
    count = layer.coefficients.shape[1]
    columns = [_coefficients(layer, source, kind, part) for part in np.eye(count)]
    return sign_of(kind) * np.stack(columns, axis=1), 2 if is_bend(kind) else 1


def _promising(layer: LayerState, shape: EdgeShape) -> LayerState:
    if shape in layer.shapes:
        return layer
    others = [other for other in layer.shapes if (other.source, other.target) != (shape.source, shape.target)]
    return replace(layer, shapes=in_order([*others, shape]))


def _nearest(state: NetworkState, layer: LayerState, source: int, target: int, kind: str) -> Array:
    """Gives the coefficients of the nearest function, (basis,)."""
    # Imported here: scipy.optimize takes long to load, and few edits need it.
    from scipy.optimize import nnls  # noqa: PLC0415

    knots, count = layer.knots[source], layer.coefficients.shape[1]
    grid = knots[layer.degree : len(knots) - layer.degree]
    share = (np.arange(POINTS_PER_INTERVAL) + 0.5) / POINTS_PER_INTERVAL
    x = (grid[:-1, None] + np.diff(grid)[:, None] * share).ravel()
    weights = np.sqrt(np.repeat(np.diff(grid), POINTS_PER_INTERVAL))
    wanted = edge_values(layer, source, x, base=state.base, outside=state.outside)[:, target]
    # What may have either sign is a difference of two parts.
    shapes, free = shape_matrix(layer, source, kind)
    matrix = edge_spline(x, knots, shapes, layer.degree) * weights[:, None]
    # In units of its own size: the solver's tolerance is absolute.
    size = float(np.abs(wanted).max()) or 1.0
    parts, _ = nnls(np.hstack([matrix, -matrix[:, :free]]), wanted / size * weights, maxiter=MAX_ITERATIONS)
    parts[:free] -= parts[count:]
    return np.asarray(size * shapes @ parts[:count])


def _coefficients(layer: LayerState, source: int, kind: str, parts: Array) -> Array:
    """Gives coefficients from a constant and steps; of a bend from a constant, a first slope and steps of the slope."""
    if is_bend(kind):
        return np.cumsum(np.concatenate([parts[:1], np.cumsum(parts[1:]) * knot_spans(layer, source)]))
    return np.cumsum(parts)


def _with_spline(layer: LayerState, source: int, target: int, coefficients: Array) -> LayerState:
    held, base, weight = layer.coefficients.copy(), layer.base_weight.copy(), layer.spline_weight.copy()
    held[source, :, target], base[source, target] = coefficients, 0.0
    weight[source, target] = 1.0 / layer.mask[source, target]
    return replace(layer, coefficients=held, base_weight=base, spline_weight=weight)
