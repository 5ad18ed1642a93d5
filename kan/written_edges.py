"""A network without functions that people wrote: each becomes nodes and edges of the library, for compiled kernels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kan.errors import ExpressionError
from kan.node_layers import formula_layer, node_layers
from kan.state import EdgeFormula, LayerState, NetworkState, in_order
from kan.symbolic.grammar import Binary, Constant, Node, Variable
from kan.symbolic.simplifying import added, simplified, substituted
from kan.symbolic.sums import sum_of
from kan.symbolic.written import ARGUMENT, is_written, written_root


def has_written(state: NetworkState) -> bool:
    """Says whether some edge is an expression and no function of the library."""
    return any(is_written(edge.function) for layer in state.layers for edge in layer.formulas)


def with_library_only(state: NetworkState) -> NetworkState:
    """Gives a network that predicts the same, with all edges of the library; it may have more layers.

    Raises:
        ExpressionError: a function that the library cannot make up, or a layer that would need more than 50,000 edges.
    """
    if not has_written(state):
        return state
    return replace(state, layers=tuple(part for layer in state.layers for part in _parted(layer)))


def library_form(state: NetworkState) -> NetworkState | None:
    """Gives `with_library_only`, or None where there is no such network: it can be evaluated by its definition only."""
    try:
        return with_library_only(state)
    except ExpressionError:
        return None


def _parted(layer: LayerState) -> list[LayerState]:
    """Gives the layers that do what one does: its own edges and, beside them, the nodes of what is written."""
    written = [edge for edge in layer.formulas if is_written(edge.function)]
    if not written:
        return [layer]
    targets = list(dict.fromkeys(edge.target for edge in written))
    whole = [sum_of(_whole([edge for edge in written if edge.target == target])) for target in targets]
    beside = node_layers(whole, [Variable(f"x{place}") for place in range(layer.inputs)])
    own = tuple(edge for edge in layer.formulas if not is_written(edge.function))
    first = _side_by_side(replace(layer, formulas=own), beside[0])
    return [first, *(_carried(layer.outputs, part) for part in beside[1:]), _joined(layer, targets)]


def _whole(edges: Sequence[EdgeFormula]) -> Node:
    """Gives what some edges add to one sum, of the variables x0, x1 and so on."""
    # Not one sum of two after the other: a thousand edges would be as deep.
    return added(*(simplified(_applied(edge)) for edge in edges))


def _applied(edge: EdgeFormula) -> Node:
    argument = Binary("+", Binary("*", Constant(edge.b), Variable(f"x{edge.source}")), Constant(edge.c))
    applied = substituted(written_root(edge.function), {ARGUMENT.name: argument})
    return Binary("+", Binary("*", Constant(edge.a), applied), Constant(edge.d))


def _side_by_side(own: LayerState, beside: LayerState) -> LayerState:
    """Gives a layer with the sums of two, the first one's before the other's; the products are the other's."""
    more, shape = beside.outputs, (own.inputs, beside.outputs)
    levels = [replace(table, values=np.pad(table.values, ((0, 0), (0, more)))) for table in own.levels]
    return LayerState(
        own.degree,
        own.knots,
        np.pad(own.coefficients, ((0, 0), (0, 0), (0, more))),
        np.hstack([own.base_weight, np.zeros(shape)]),
        np.hstack([own.spline_weight, np.ones(shape)]),
        np.hstack([own.mask, np.zeros(shape)]),
        tuple(levels),
        formulas=in_order([*own.formulas, *(replace(e, target=e.target + own.outputs) for e in beside.formulas)]),
        products=beside.products,
    )


def _carried(sums: int, beside: LayerState) -> LayerState:
    """Gives a layer behind `_side_by_side`, which leaves the first sums as they are."""
    moved = [replace(e, source=e.source + sums, target=e.target + sums) for e in beside.formulas]
    own = [_same(place, place) for place in range(sums)]
    return formula_layer(sums + beside.inputs, sums + beside.outputs, [*own, *moved], beside.products)


def _joined(layer: LayerState, targets: Sequence[int]) -> LayerState:
    """Gives the layer that adds what was computed beside a layer to its sums, and makes its products."""
    own = [_same(place, place) for place in range(layer.outputs)]
    added = [_same(layer.outputs + place, target) for place, target in enumerate(targets)]
    return formula_layer(layer.outputs + len(targets), layer.outputs, [*own, *added], layer.products)


def _same(source: int, target: int) -> EdgeFormula:
    return EdgeFormula(source, target, "x", 1.0, 1.0, 0.0, 0.0)
