"""Edges that become formulas and splines again: the spline stays in the network, masked, to the last bit."""

from dataclasses import replace
from math import isfinite

from kan.config_checks import check_new_function
from kan.edge_places import check_edge, layer_at, with_layer
from kan.encoding_columns import NumberInput
from kan.errors import InvalidConfig
from kan.state import EdgeFormula, NetworkState, in_order


def with_formula(state: NetworkState, layer: int, formula: EdgeFormula) -> NetworkState:
    """Gives the network with a formula on one edge, instead of its spline or of the formula it had.

    Spline and base branch are masked and stay as they are, so that `without_formula` gives them back bit for bit.

    Args:
        state: the network.
        layer: of the edge; which edge it is the formula says.
        formula: a live edge from a number, with a function of the library, or one made of those, and finite constants.

    Raises:
        InvalidConfig: anything else.
    """
    held = layer_at(state, layer)
    edge = (formula.source, formula.target)
    check_edge(held, *edge)
    if held.level_table(formula.source) is not None:
        raise InvalidConfig("source", "expected a number; the edges of a category are values of its levels")
    if not held.live[edge]:
        raise InvalidConfig("target", "the edge is pruned; restore it first")
    _check_formula(formula)
    mask = held.mask.copy()
    mask[edge] = 0.0
    others = tuple(other for other in held.formulas if (other.source, other.target) != edge)
    return with_layer(state, layer, replace(held, mask=mask, formulas=in_order((*others, formula))))


def without_formula(state: NetworkState, layer: int, source: int, target: int) -> NetworkState:
    """Gives the network with the spline that the edge was before it became a formula; a spline stays one.

    Raises:
        InvalidConfig: the network has no such edge.
    """
    held = layer_at(state, layer)
    check_edge(held, source, target)
    others = tuple(other for other in held.formulas if (other.source, other.target) != (source, target))
    if len(others) == len(held.formulas):
        return state
    mask = held.mask.copy()
    mask[source, target] = 1.0
    return with_layer(state, layer, replace(held, mask=mask, formulas=others))


def without_ends(state: NetworkState) -> NetworkState:
    """Gives the network with numbers that only formulas read counted as they are: a formula has no end."""
    encoding, first = state.encoding, state.layers[0]
    if encoding is None:
        return state
    by_formula = {formula.source for formula in first.formulas if not first.mask[formula.source].any()}
    inputs = tuple(
        replace(item, floor=None, ceiling=None) if source in by_formula and isinstance(item, NumberInput) else item
        for source, item in enumerate(encoding.inputs)
    )
    return replace(state, encoding=replace(encoding, inputs=inputs))


def _check_formula(formula: EdgeFormula) -> None:
    check_new_function("function", formula.function)
    for name in ("a", "b", "c", "d"):
        if not isfinite(getattr(formula, name)):
            raise InvalidConfig(name, "expected a finite number")
