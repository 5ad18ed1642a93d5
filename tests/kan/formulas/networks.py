"""Networks whose edges are all formulas, with random numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kan.encoding import Encoding
from kan.state import Array, EdgeFormula, LayerState, NetworkState
from tests.kan.networks import random_layer

FUNCTIONS = ("x", "x^2", "x^3", "sin", "cos", "tanh", "sigmoid", "arctan", "gaussian", "j0", "exp", "abs")
RISKY = ("1/x", "log", "sqrt", "1/sqrt", "x^5", "arcsin", "tan")


def symbolic_layer(
    inputs: int,
    outputs: int,
    *,
    functions: Sequence[str] = FUNCTIONS,
    levels: tuple[int | None, ...] = (),
    products: tuple[int, ...] = (),
    pruned: float = 0.2,
    seed: int = 0,
) -> LayerState:
    """Gives a layer of formulas; a share of its edges is pruned, categories keep their levels."""
    generator = np.random.default_rng([seed, inputs, outputs])
    layer = random_layer(inputs, outputs, levels=levels, seed=seed)
    numbers = [source for source in range(inputs) if layer.level_table(source) is None]
    mask = np.zeros((inputs, outputs))
    for table in layer.levels:
        mask[table.source] = 1.0
    edges = tuple(
        EdgeFormula(source, target, str(generator.choice(functions)), *map(float, generator.uniform(-1, 1, 4)))
        for source in numbers
        for target in range(outputs)
        if generator.uniform() >= pruned
    )
    return replace(layer, mask=mask, formulas=edges, products=products)


def symbolic_network(
    *widths: int,
    functions: Sequence[str] = FUNCTIONS,
    levels: tuple[int | None, ...] = (),
    arities: Sequence[tuple[int, ...]] = (),
    encoding: Encoding | None = None,
    seed: int = 0,
) -> NetworkState:
    """Gives a network of so many sums in each layer, of which `arities` says how many are multiplied."""
    layers, nodes = [], widths[0]
    for index, sums in enumerate(widths[1:]):
        products = arities[index] if index < len(arities) else ()
        layer = symbolic_layer(
            nodes,
            sums,
            functions=functions,
            levels=levels if index == 0 else (),
            products=products,
            seed=seed + 100 * index,
        )
        layers.append(layer)
        nodes = layer.nodes
    return NetworkState(tuple(layers), encoding=encoding)


def edge(
    source: int, target: int, function: str, a: float = 1.0, b: float = 1.0, c: float = 0.0, d: float = 0.0
) -> EdgeFormula:
    """Gives a formula whose other constants leave the function as it is."""
    return EdgeFormula(source, target, function, a, b, c, d)


def network_of(
    *layers: Sequence[EdgeFormula], products: tuple[int, ...] = (), encoding: Encoding | None = None
) -> NetworkState:
    """Gives a network of just these edges; `products` are those of the first layer."""
    states = []
    for index, edges in enumerate(layers):
        inputs = 1 + max(item.source for item in edges)
        outputs = 1 + max(item.target for item in edges)
        layer = random_layer(inputs, outputs)
        states.append(
            replace(
                layer, mask=np.zeros((inputs, outputs)), formulas=tuple(edges), products=products if index == 0 else ()
            )
        )
    return NetworkState(tuple(states), encoding=encoding)


def random_rows(count: int, inputs: int, seed: int = 0) -> Array:
    """Gives rows of numbers in [-2, 2]."""
    return np.random.default_rng(seed).uniform(-2, 2, (count, inputs))
