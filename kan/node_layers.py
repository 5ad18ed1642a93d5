"""Sums and products as layers of a network: every node in its column, every term an edge that is a formula."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from kan.errors import ExpressionError
from kan.knots import uniform_knots
from kan.state import EdgeFormula, LayerState, in_order
from kan.symbolic.sums import Product, Source, Sum, Term, column

GRID, DEGREE = 5, 3
# Edges of all layers, pruned ones too: a matrix of so many numbers is kept for each of 8 coefficients.
MAX_EDGES = 50_000


def node_layers(outputs: Sequence[Sum], variables: Sequence[Source]) -> list[LayerState]:
    """Gives the layers from the variables to the outputs; what a later column needs is carried through by "x".

    Args:
        outputs: the nodes of the last layer; all are sums.
        variables: the inputs, in this order.

    Raises:
        ExpressionError: they need more than 50,000 edges.
    """
    columns: list[list[Source]] = [list(outputs)]
    for index in range(max(map(column, outputs)), 1, -1):
        needed = {term.source: None for node in columns[0] for part in _parts(node, index) for term in part.terms}
        columns.insert(0, sorted(needed, key=lambda node: _is_product(node, index - 1)))
    columns.insert(0, list(variables))
    edges = sum(len(before) * _sums(after, index) for index, (before, after) in _pairs(columns))
    if edges > MAX_EDGES:
        raise ExpressionError(f"its network has {edges} edges, the limit is {MAX_EDGES}")
    return [_layer(before, after, index) for index, (before, after) in _pairs(columns)]


def formula_layer(
    inputs: int, outputs: int, formulas: Sequence[EdgeFormula], products: Sequence[int] = ()
) -> LayerState:
    """Gives a layer of these formulas and no splines.

    Args:
        inputs, outputs: nodes before it, and its sums.
        formulas: of two from the same input to the same sum there is none.
        products: how many of the last sums each product node takes.
    """
    shape = (inputs, outputs)
    return LayerState(
        degree=DEGREE,
        knots=np.tile(uniform_knots(-1.0, 1.0, GRID, DEGREE), (inputs, 1)),
        coefficients=np.zeros((inputs, GRID + DEGREE, outputs)),
        base_weight=np.zeros(shape),
        spline_weight=np.ones(shape),
        mask=np.zeros(shape),
        formulas=in_order(formulas),
        products=tuple(products),
    )


def _pairs(columns: Sequence[list[Source]]) -> list[tuple[int, tuple[list[Source], list[Source]]]]:
    return list(enumerate(pairwise(columns), start=1))


def _parts(node: Source, index: int) -> tuple[Sum, ...]:
    """Gives the sums of a node in a column; one that stands in an earlier column is carried on."""
    if column(node) < index:
        return (Sum(0.0, (Term(1.0, "x", 1.0, 0.0, node),)),)
    return node.factors if isinstance(node, Product) else (node,) if isinstance(node, Sum) else ()


def _is_product(node: Source, index: int) -> bool:
    return isinstance(node, Product) and column(node) == index


def _sums(nodes: Sequence[Source], index: int) -> int:
    return sum(len(_parts(node, index)) for node in nodes)


def _layer(before: Sequence[Source], after: Sequence[Source], index: int) -> LayerState:
    places = {node: place for place, node in enumerate(before)}
    sums = [part for node in after for part in _parts(node, index)]
    products = tuple(len(_parts(node, index)) for node in after if _is_product(node, index))
    return formula_layer(len(before), len(sums), _edges(sums, places), products)


def _edges(sums: Sequence[Sum], places: Mapping[Source, int]) -> list[EdgeFormula]:
    """Gives the edges into each sum; its constant belongs to the first one."""
    edges = []
    for target, part in enumerate(sums):
        constant = part.constant
        for term in part.terms:
            edges.append(EdgeFormula(places[term.source], target, term.function, term.a, term.b, term.c, constant))
            constant = 0.0
        if not part.terms:
            edges.append(EdgeFormula(0, target, "x", 0.0, 1.0, 0.0, constant))
    return edges
