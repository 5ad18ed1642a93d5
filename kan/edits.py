"""Edits as plain JSON operations, one after the other: the fields of each are those of the function it calls."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from inspect import Parameter, signature
from math import isfinite
from typing import Any, get_args

from kan.config import MAX_GRID
from kan.constraints import constrained, with_kept_shapes
from kan.errors import InexactRefinement, InvalidConfig, unknown_field
from kan.expand import expand_depth, expand_width
from kan.prune import prune_column, prune_edge, prune_input, prune_node, restore_edge
from kan.refine import refine
from kan.reorder import arranged, swap
from kan.snapped import with_formula, without_formula
from kan.sparsify import pruned
from kan.state import EdgeFormula, NetworkState

MAX_NEW_NODES = 1000
MAX_ARITY = 16
MAX_LAYERS = 64

# (network, layer, source, target, function) -> that function with the constants that fit the edge best.
FitFormula = Callable[[NetworkState, int, int, int, str], EdgeFormula]


def edited(state: NetworkState, operations: object, fit: FitFormula | None = None) -> NetworkState:
    """Gives the network after some edits, such as `[{"op": "prune_edge", "layer": 0, "source": 1, "target": 2}]`.

    Edges keep the shapes that they are constrained to. Statistics stay those of the training rows before;
    `kan.statistics.with_statistics` takes them anew.

    Args:
        state: the network.
        operations: a list of objects, each with its `op` and the fields of the function that `OPERATIONS` names.
        fit: finds the constants of a `fix_symbolic` that gives none.

    Raises:
        InvalidConfig: an operation that is none or does not fit the network; its field is a path such as
            `operations/0/target`.
    """
    if not isinstance(operations, Sequence) or isinstance(operations, str | bytes):
        raise InvalidConfig("operations", "expected a list of operations")
    for number, operation in enumerate(operations):
        try:
            state = _applied(state, operation, fit)
        except InvalidConfig as error:
            path = f"operations/{number}/{error.field}".removesuffix("/")
            raise InvalidConfig(path, error.message) from error
    return state


def _applied(state: NetworkState, operation: object, fit: FitFormula | None) -> NetworkState:
    if not isinstance(operation, Mapping):
        raise InvalidConfig("", 'expected an object such as {"op": "prune_edge", "layer": 0, "source": 0, "target": 0}')
    name = operation.get("op")
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InvalidConfig("op", f"expected one of {', '.join(OPERATIONS)}")
    values = {str(key): value for key, value in operation.items() if key != "op"}
    _check_fields(operation_parameters(name), values)
    if name == "fix_symbolic":
        values["fit"] = fit
    # An inexact refinement may take a shape away, and an edge may come back that was restless while it was pruned.
    return with_kept_shapes(OPERATIONS[name](state, **values))


def _prune_input(state: NetworkState, source: int | None = None, column: str | None = None) -> NetworkState:
    if (source is None) == (column is None):
        raise InvalidConfig("source", "expected either the number of a network input as source, or a column")
    return prune_column(state, column) if column is not None else prune_input(state, source or 0)


def _prune(state: NetworkState, node_threshold: float = 0.01, edge_threshold: float = 0.03) -> NetworkState:
    return pruned(state, node_threshold=node_threshold, edge_threshold=edge_threshold).state


def _refine(state: NetworkState, grid: int, exact: bool = True) -> NetworkState:
    if not 1 <= grid <= MAX_GRID:
        raise InvalidConfig("grid", f"expected an integer between 1 and {MAX_GRID}")
    try:
        return refine(state, grid, exact=exact)
    except InexactRefinement as error:
        raise InvalidConfig("grid", str(error)) from error


def _expand_width(state: NetworkState, layer: int, count: int = 1, arity: int | None = None) -> NetworkState:
    if not 1 <= count <= MAX_NEW_NODES:
        raise InvalidConfig("count", f"expected an integer between 1 and {MAX_NEW_NODES}")
    if arity is not None and not 2 <= arity <= MAX_ARITY:
        raise InvalidConfig("arity", f"expected an integer between 2 and {MAX_ARITY}")
    return expand_width(state, layer, count, arity=arity)


def _expand_depth(state: NetworkState, layer: int | None = None) -> NetworkState:
    if len(state.layers) >= MAX_LAYERS:
        raise InvalidConfig("op", f"the network has {MAX_LAYERS} layers, the most there may be")
    return expand_depth(state, layer)


def _fix_symbolic(
    state: NetworkState,
    layer: int,
    source: int,
    target: int,
    function: str,
    a: float | None = None,
    b: float | None = None,
    c: float | None = None,
    d: float | None = None,
    *,
    fit: FitFormula | None = None,
) -> NetworkState:
    """Fixes an edge to `a * function(b * x + c) + d`; without constants to those that `fit` finds."""
    if a is not None and b is not None and c is not None and d is not None:
        return with_formula(state, layer, EdgeFormula(source, target, function, float(a), float(b), float(c), float(d)))
    if fit is None or (a, b, c, d) != (None, None, None, None):
        raise InvalidConfig("a", "expected all of a, b, c and d" + ("" if fit is None else ", or none of them"))
    # The edge must be one that can be a formula before anything is fitted to it.
    with_formula(state, layer, EdgeFormula(source, target, function, 1.0, 1.0, 0.0, 0.0))
    return with_formula(state, layer, fit(state, layer, source, target, function))


OPERATIONS: Mapping[str, Callable[..., NetworkState]] = {
    "prune_edge": prune_edge,
    "restore_edge": restore_edge,
    "prune_node": prune_node,
    "prune_input": _prune_input,
    "prune": _prune,
    "fix_symbolic": _fix_symbolic,
    "unfix": without_formula,
    "constrain": constrained,
    "refine": _refine,
    "expand_width": _expand_width,
    "expand_depth": _expand_depth,
    "swap": swap,
    "arrange": arranged,
}


@cache
def operation_parameters(name: str) -> Mapping[str, Parameter]:
    """Gives the parameters that JSON fills: all but the network and what is no plain value."""
    parameters = list(signature(OPERATIONS[name]).parameters.values())[1:]
    return {parameter.name: parameter for parameter in parameters if parameter.name != "fit"}


def _check_fields(known: Mapping[str, Parameter], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in known:
            raise InvalidConfig(name, unknown_field(name, list(known)))
        _check_type(name, value, known[name].annotation)
    for name, parameter in known.items():
        if name not in values and parameter.default is Parameter.empty:
            raise InvalidConfig(name, f"is missing: expected {_kind_words(parameter.annotation)}")


def _check_type(name: str, value: object, annotation: Any) -> None:
    """Checks a plain value: a bool is no number, a number is finite, null stands for what may be absent."""
    kinds = get_args(annotation) or (annotation,)
    if value is None and type(None) in kinds:
        return
    if float in kinds and type(value) in (int, float) and _is_finite(value):
        return
    if type(value) not in kinds or float in kinds:
        raise InvalidConfig(name, f"expected {_kind_words(annotation)}")


def _kind_words(annotation: Any) -> str:
    words = {int: "an integer", float: "a finite number", str: "text", bool: "true or false"}
    return " or ".join(words[kind] for kind in get_args(annotation) or (annotation,) if kind in words)


def _is_finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except OverflowError:
        return False
