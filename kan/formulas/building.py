"""From a network whose edges are all formulas to one expression for each output, exactly the function that predicts."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kan.encoding import BinaryOutput, ClassOutput, NumberOutput
from kan.errors import FormulaTooLarge, NotSymbolic
from kan.formulas.formula import Formula
from kan.formulas.variables import InputNodes, chosen_value, input_nodes
from kan.state import EdgeFormula, LayerState, NetworkState
from kan.symbolic.complexity import parts, size
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable, parse
from kan.symbolic.products import product, split
from kan.symbolic.simplifying import added, called, multiplied, substituted
from kan.symbolic.written import function_named, is_written

MAX_SIZE = 10_000
# What an edge adds to the size of what it is a function of, at most.
EDGE_SIZE = 8

Edge = tuple[int, int, int]


def formulas(state: NetworkState) -> list[Formula]:
    """Gives one formula for each output; variables are the columns of the encoding, without one x1, x2 and so on.

    Args:
        state: a network all of whose edges that matter to an output are formulas, levels of categories, or pruned.

    Raises:
        NotSymbolic: some of them are still splines.
        FormulaTooLarge: a formula would have more than 10,000 names, numbers and operations.
    """
    needed = _needed(state)
    _refuse_splines(state, needed)
    inputs = input_nodes(state)
    nodes: list[Node] = list(inputs.numbers)
    for index, layer in enumerate(state.layers):
        nodes = _layer_nodes(layer, nodes, inputs if index == 0 else None, needed[index])
    units = [_in_units(state, place, node) for place, node in enumerate(nodes)]
    roots = [substituted(node, inputs.centred) for node in units]
    return [_formula(state, inputs, place, root) for place, root in enumerate(roots)]


def splines(state: NetworkState) -> list[Edge]:
    """Gives the edges (layer, source, target) that matter to an output and are no formulas yet."""
    return _splines(state, _needed(state))


def edge_node(edge: EdgeFormula, argument: Node) -> Node:
    """Gives the edge as an expression of what enters it."""
    inner = added(multiplied(Constant(edge.b), argument), Constant(edge.c))
    return added(multiplied(Constant(edge.a), _applied(edge.function, inner)), Constant(edge.d))


def _needed(state: NetworkState) -> list[set[int]]:
    """Gives the sums of each layer from which an output can be reached."""
    needed: list[set[int]] = []
    nodes = set(range(state.layers[-1].nodes))
    for layer in reversed(state.layers):
        sums = {target for node in nodes for target in layer.factors(node)}
        needed.append(sums)
        nodes = {int(source) for source in np.flatnonzero(_active(state, layer)[:, sorted(sums)].any(axis=1))}
    return needed[::-1]


def _active(state: NetworkState, layer: LayerState) -> NDArray[np.bool_]:
    """Tells which edges are not the same everywhere."""
    active = _is_spline(state, layer)
    for table in layer.levels:
        active[table.source] |= layer.mask[table.source] != 0
    for edge in layer.formulas:
        active[edge.source, edge.target] |= edge.a != 0
    return active


def _is_spline(state: NetworkState, layer: LayerState) -> NDArray[np.bool_]:
    """Tells which edges have a spline or a base branch that is not 0."""
    spline = (layer.coefficients != 0).any(axis=1) & (layer.spline_weight != 0)
    base = (layer.base_weight != 0) & (state.base == "silu")
    number = np.array([layer.level_table(source) is None for source in range(layer.inputs)])
    found: NDArray[np.bool_] = (layer.mask != 0) & (spline | base) & number[:, None]
    return found


def _splines(state: NetworkState, needed: Sequence[set[int]]) -> list[Edge]:
    return [
        (index, int(source), int(target))
        for index, layer in enumerate(state.layers)
        for source, target in np.argwhere(_is_spline(state, layer))
        if target in needed[index]
    ]


def _refuse_splines(state: NetworkState, needed: Sequence[set[int]]) -> None:
    found = _splines(state, needed)
    if found:
        raise NotSymbolic(tuple(found))


def _layer_nodes(layer: LayerState, nodes: Sequence[Node], inputs: InputNodes | None, needed: set[int]) -> list[Node]:
    """Gives the nodes behind a layer; those that nothing needs are 0."""
    sizes = [size(node) for node in nodes]
    sums = {target: _sum(layer, target, nodes, sizes, inputs) for target in needed}
    behind = []
    for node in range(layer.nodes):
        factors = [sums.get(target, Constant(0.0)) for target in layer.factors(node)]
        _check_size(sum(size(factor) for factor in factors))
        behind.append(multiplied(*factors) if len(factors) > 1 else factors[0])
    return behind


def _sum(
    layer: LayerState, target: int, nodes: Sequence[Node], sizes: Sequence[int], inputs: InputNodes | None
) -> Node:
    edges = [edge for edge in layer.formulas if edge.target == target]
    tables = [table for table in layer.levels if layer.mask[table.source, target] != 0] if inputs else []
    found = [(*_edge_size(edge.function), sizes[edge.source]) for edge in edges]
    _check_size(
        sum(own + times * inner for own, times, inner in found) + sum(EDGE_SIZE * len(table.values) for table in tables)
    )
    terms = [Constant(edge.d) if edge.a == 0 else edge_node(edge, nodes[edge.source]) for edge in edges]
    for table in tables:
        if inputs is not None:
            values = layer.mask[table.source, target] * table.values[:, target]
            other = float(values[inputs.others[table.source]])
            terms.append(chosen_value(_by_index(values), other, inputs.levels[table.source]))
    return added(*terms) if terms else Constant(0.0)


def _by_index(values: NDArray[np.float64]) -> Mapping[int, float]:
    return {index: float(value) for index, value in enumerate(values)}


def _check_size(found: int) -> None:
    if found > MAX_SIZE:
        raise FormulaTooLarge(found, MAX_SIZE)


@lru_cache(maxsize=1000)
def _template(function: str) -> Node:
    return parse(function_named(function).text).root


@lru_cache(maxsize=1000)
def _edge_size(function: str) -> tuple[int, int]:
    """Gives what an edge adds to the size of what it is a function of, and how often it has that, at most."""
    if not is_written(function):
        return EDGE_SIZE, 1
    template = _template(function)
    times = sum(isinstance(part, Variable) for part in parts(template))
    return EDGE_SIZE + size(template), times


def _applied(function: str, argument: Node) -> Node:
    """Gives a function of the library of an expression, as the grammar writes it, in normal form."""

    def put(node: Node) -> Node:
        match node:
            case Variable():
                return argument
            case Call(name, inner):
                return called(name, put(inner))
            case Negative(operand):
                return multiplied(Constant(-1.0), put(operand))
            case Binary("+" | "-" as sign, left, right):
                return added(put(left), multiplied(Constant(1.0 if sign == "+" else -1.0), put(right)))
            case Binary(operator, left, right):
                return product(*split(Binary(operator, put(left), put(right))))
            case _:
                return node

    return put(_template(function))


def _in_units(state: NetworkState, place: int, node: Node) -> Node:
    output = None if state.encoding is None else state.encoding.outputs[min(place, len(state.encoding.outputs) - 1)]
    if not isinstance(output, NumberOutput):
        return node
    return added(multiplied(Constant(output.std), node), Constant(output.mean))


def _formula(state: NetworkState, inputs: InputNodes, place: int, root: Node) -> Formula:
    if state.encoding is None:
        return Formula(f"y{place + 1}", root, inputs.variables)
    name, first = state.encoding.output_names[place], state.encoding.outputs[0]
    if not isinstance(first, ClassOutput):
        return Formula(name, root, inputs.variables)
    rule = "sigmoid(formula)" if isinstance(first, BinaryOutput) else "the softmax of the formulas of all classes"
    return Formula(name, root, inputs.variables, "logit", f"the probability of {name!r} is {rule}")
