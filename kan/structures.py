"""Small networks that say how inputs work together: sums and products of one-variable functions, nested once or twice.

A spline may stand on each edge, so that `P(x1, F(S(x2, x3)))` is every function f(x1) * F(g(x2) + h(x3)).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from kan.knots import uniform_knots
from kan.predictor import evaluate
from kan.state import Array, EdgeFormula, LayerState, LevelTable, NetworkState

# How an edge of a structure begins: as a spline with random numbers, or as the identity, whose constants are trained.
SPLINE, IDENTITY = "spline", "identity"
# More inputs have too many structures to try each; then only those of one operation over all inputs.
MOST_INPUTS = 4
# Relative to its range, a grid reaches so much beyond what the start values give.
MARGIN = 0.05
# A column of smaller numbers counts as 0.
SMALLEST_INPUT = 1e-100
FACTOR = 0.8

Edge = tuple[int, str]


@dataclass(frozen=True)
class Node:
    """A node: its groups of edges are summed, and the sums of several groups multiplied."""

    groups: tuple[tuple[Edge, ...], ...]

    @property
    def is_product(self) -> bool:
        """Whether it multiplies."""
        return len(self.groups) > 1


@dataclass(frozen=True)
class Structure:
    """A way in which inputs may work together.

    Attributes:
        name: as `P(x1, F(S(x2, x3)))`: S sums, P multiplies, F is a function of what is in it.
        layers: nodes behind every layer of edges, those that only sum first.
    """

    name: str
    layers: tuple[tuple[Node, ...], ...]

    @property
    def splines(self) -> int:
        """Number of edges that are functions to be found."""
        edges = chain.from_iterable(group for layer in self.layers for node in layer for group in node.groups)
        return sum(kind == SPLINE for _, kind in edges)

    @property
    def reads_once(self) -> bool:
        """Whether no input stands in it twice."""
        sources = [source for node in self.layers[0] for group in node.groups for source, _ in group]
        return len(sources) == len(set(sources))


def structures(inputs: int) -> list[Structure]:
    """Gives the structures to try for so many inputs, simple ones first."""
    every = tuple(range(inputs))
    found = [*_flat(every), *_within_function(every)]
    if 1 < inputs <= MOST_INPUTS:
        found += [*_nested(every), *_nested_within_function(every)]
    return sorted(found, key=lambda structure: structure.splines)


def structure_state(
    structure: Structure, x: Array, grid: int, seed: int, degree: int = 3, levels: Sequence[int | None] = ()
) -> NetworkState:
    """Gives a network of a structure with random start values, its grids laid over what reaches them.

    Args:
        structure: of as many inputs as x has columns.
        x: (rows, inputs) in network units.
        grid: intervals of every spline.
        seed: of the start values.
        degree: of every spline.
        levels: per input its number of levels, None for a number; without, all are numbers.
    """
    generator = np.random.default_rng(seed)
    layers: tuple[LayerState, ...] = ()
    values, known = x, levels or (None,) * x.shape[1]
    for nodes in _with_tables(structure.layers, known):
        layers = (*layers, _layer(nodes, _knots(values, grid, degree), degree, generator, known))
        values, known = evaluate(NetworkState(layers, base="zero"), x), (None,) * len(nodes)
    return NetworkState(layers, base="zero")


def _with_tables(layers: Sequence[tuple[Node, ...]], levels: Sequence[int | None]) -> Iterator[tuple[Node, ...]]:
    """Yields the layers with a category's table where its number would be carried on, and no function behind it."""
    categories = {source for source, number in enumerate(levels) if number is not None}
    first, *others = layers
    carried = {place for place, node in enumerate(first) if _carried(node) in categories}
    yield _with_kind(first, categories, SPLINE)
    for nodes in others:
        yield _with_kind(nodes, carried, IDENTITY)
        carried = set()


def _carried(node: Node) -> int | None:
    """Gives the input that a node only carries on."""
    ((source, kind), *_), *_ = node.groups
    return source if kind == IDENTITY else None


def _with_kind(nodes: Sequence[Node], sources: set[int], kind: str) -> tuple[Node, ...]:
    def of_kind(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
        return tuple((source, kind if source in sources else own) for source, own in edges)

    return tuple(Node(tuple(map(of_kind, node.groups))) for node in nodes)


def _flat(every: Sequence[int]) -> Iterator[Structure]:
    """A sum or a product of functions of single inputs."""
    yield Structure(f"S({_names(every)})", ((_sum(every),),))
    if len(every) > 1:
        yield Structure(f"P({_names(every)})", ((_product(every),), _line()))


def _within_function(every: Sequence[int]) -> Iterator[Structure]:
    """A function of such a sum or product."""
    if len(every) > 1:
        yield Structure(f"F(S({_names(every)}))", ((_sum(every),), (_sum([0]),)))
        yield Structure(f"F(P({_names(every)}))", ((_product(every),), (_sum([0]),)))


def _nested(every: Sequence[int]) -> Iterator[Structure]:
    """An operation over some inputs and a function of another operation over some inputs, maybe the same ones."""
    for inner, outer in _covers(every):
        for name, first in _operations(inner):
            carried = tuple(Node((((source, IDENTITY),),)) for source in outer)
            places = range(len(outer) + 1)
            within = f"{_names(outer)}, F({name})"
            yield Structure(f"S({within})", ((*carried, first), (_sum(places),)))
            yield Structure(f"P({within})", ((*carried, first), (_product(places),), _line()))


def _nested_within_function(every: Sequence[int]) -> Iterator[Structure]:
    """A function of a sum of some inputs and of an operation over the others, each input once."""
    for inner, outer in _covers(every):
        if not set(inner) & set(outer):
            for name, first in _operations(inner):
                carried = tuple(Node((((source, IDENTITY),),)) for source in outer)
                places = range(len(outer) + 1)
                yield Structure(f"F(S({_names(outer)}, F({name})))", ((*carried, first), (_sum(places),), (_sum([0]),)))


def _covers(every: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yields two groups that together have all inputs: at least two inside, at least one outside."""
    for size in range(2, len(every) + 1):
        for inner in combinations(every, size):
            others = [source for source in every if source not in inner]
            for count in range(len(inner) + 1):
                for again in combinations(inner, count):
                    if others or again:
                        yield inner, tuple(sorted([*others, *again]))


def _operations(inner: Sequence[int]) -> Iterator[tuple[str, Node]]:
    yield f"S({_names(inner)})", _sum(inner)
    yield f"P({_names(inner)})", _product(inner)


def _sum(sources: Sequence[int]) -> Node:
    return Node((tuple((source, SPLINE) for source in sources),))


def _product(sources: Sequence[int]) -> Node:
    return Node(tuple(((source, SPLINE),) for source in sources))


def _line() -> tuple[Node, ...]:
    """What is predicted is a scaled and shifted target: a product alone could not be shifted."""
    return (Node((((0, IDENTITY),),)),)


def _names(sources: Sequence[int]) -> str:
    return ", ".join(f"x{source + 1}" for source in sources)


def _layer(
    nodes: Sequence[Node], knots: Array, degree: int, generator: np.random.Generator, levels: Sequence[int | None]
) -> LayerState:
    groups = [(group, node.is_product) for node in nodes for group in node.groups]
    shape, size = (len(knots), len(groups)), knots.shape[1] - degree - 1
    coefficients, mask = np.zeros((shape[0], size, shape[1])), np.zeros(shape)
    tables = {source: np.zeros((number + 1, shape[1])) for source, number in enumerate(levels) if number is not None}
    formulas = []
    for target, (edges, is_factor) in enumerate(groups):
        for source, kind in edges:
            if kind == IDENTITY:
                formulas.append(EdgeFormula(source, target, "x", 1.0, 1.0, 0.0, 0.0))
                continue
            mask[source, target] = 1.0
            numbers = tables[source][:-1] if source in tables else coefficients[source]
            numbers[:, target] = _start(len(numbers), len(edges), is_factor, generator)
    return LayerState(
        degree=degree,
        knots=knots,
        coefficients=coefficients,
        base_weight=np.zeros(shape),
        spline_weight=np.ones(shape),
        mask=mask,
        formulas=tuple(sorted(formulas, key=lambda formula: (formula.source, formula.target))),
        products=tuple(len(node.groups) for node in nodes if node.is_product),
        levels=tuple(LevelTable(source, values) for source, values in tables.items()),
    )


def _start(size: int, edges: int, is_factor: bool, generator: np.random.Generator) -> Array:
    """Gives a random line with a little noise; a factor lies around plus or minus one, so that no product is flat."""
    line = generator.normal() * 0.7 * np.linspace(-1.0, 1.0, size) / np.sqrt(edges)
    middle = FACTOR * generator.choice([-1.0, 1.0]) / edges if is_factor else 0.0
    start: Array = line + middle + 0.05 * generator.normal(size=size)
    return start


def _knots(values: Array, grid: int, degree: int) -> Array:
    low, high = values.min(axis=0), values.max(axis=0)
    size = np.minimum(np.maximum(np.abs(low), np.abs(high)), 1.0)
    # Of values in small units a small room too, so that their grid is about them.
    room = np.maximum(MARGIN * (high - low), 1e-6 * np.where(size > SMALLEST_INPUT, size, 1.0))
    pairs = zip(low - room, high + room, strict=True)
    return np.stack([uniform_knots(float(a), float(b), grid, degree) for a, b in pairs])
