"""Networks by their definition, slow and plain, with all that a network can hold: what the kernels must equal."""

from dataclasses import replace

import numpy as np

from kan.knots import uniform_knots
from kan.predictor import layer_values
from kan.state import Array, EdgeFormula, LayerState, NetworkState
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.grammar import parse
from tests.kan.networks import random_network

# Defined and smooth on all numbers, so that any input may reach them.
EVERYWHERE = ("x^2", "exp", "sin", "tanh", "sigmoid", "arctan", "gaussian", "j0")


def slow_outputs(state: NetworkState, x: Array) -> Array:
    """Gives (rows, outputs): splines by the definition, formulas by numpy, products node by node."""
    for layer in state.layers:
        sums = layer_values(layer, x, base=state.base, outside=state.outside)
        for edge in layer.formulas:
            argument = edge.b * x[:, edge.source] + edge.c
            known = FUNCTIONS.get(edge.function)
            # One that people wrote is evaluated as the expression that it is.
            value = known.value(argument) if known else parse(edge.function).evaluate({"x": argument})
            sums[:, edge.target] += edge.a * value + edge.d
        x = multiplied(layer, sums)
    return x


def multiplied(layer: LayerState, sums: Array) -> Array:
    """Gives the nodes behind a layer: the sums that no product takes, then the products."""
    groups = np.split(sums, np.cumsum([layer.outputs - sum(layer.products), *layer.products])[:-1], axis=1)
    return np.column_stack([groups[0], *(group.prod(axis=1, keepdims=True) for group in groups[1:])])


def with_formulas(state: NetworkState, seed: int = 0) -> NetworkState:
    """Gives the network with a formula on the first edge of every layer, its spline pruned."""
    generator = np.random.default_rng(seed)
    layers = []
    for number, layer in enumerate(state.layers):
        mask = layer.mask.copy()
        mask[0, 0] = 0.0
        numbers = generator.uniform(0.2, 0.8, 4)
        edge = EdgeFormula(0, 0, EVERYWHERE[(number + seed) % len(EVERYWHERE)], *(float(value) for value in numbers))
        layers.append(replace(layer, mask=mask, formulas=(edge,)))
    return replace(state, layers=tuple(layers))


def with_products(*, degree: int = 3, seed: int = 0) -> NetworkState:
    """Gives [3, 2 sums + 2 products, 2], one product of two sums and one of three."""
    wide, after = random_network(3, 7, 1, degree=degree, seed=seed), random_network(4, 2, degree=degree, seed=seed)
    return replace(wide, layers=(replace(wide.layers[0], products=(2, 3)), *after.layers))


def on_uniform_knots(state: NetworkState) -> NetworkState:
    """Gives the network with knots at equal distances, each input with a range of its own."""
    layers = []
    for layer in state.layers:
        ends = np.linspace(1.0, 1.4, layer.inputs)
        knots = np.stack([uniform_knots(-end, end, layer.grid, layer.degree) for end in ends])
        layers.append(replace(layer, knots=knots))
    return replace(state, layers=tuple(layers))


def with_everything(*, seed: int = 0) -> NetworkState:
    """Gives products, a category, a pruned edge and several formulas a layer, two of them in one sum."""
    state = with_products(seed=seed)
    levels = random_network(3, 7, levels=(None, 3, None), seed=seed).layers[0]
    first = replace(levels, products=state.layers[0].products)
    first = _with_edges(first, [(0, 0), (2, 0), (2, 3), (0, 5)], seed)
    first.mask[2, 6] = 0.0
    return replace(state, layers=(first, _with_edges(state.layers[1], [(0, 1), (2, 0), (3, 1)], seed + 1)))


def _with_edges(layer: LayerState, edges: list[tuple[int, int]], seed: int) -> LayerState:
    generator, mask = np.random.default_rng(seed), layer.mask.copy()
    formulas = []
    for number, edge in enumerate(edges):
        mask[edge] = 0.0
        constants = (float(value) for value in generator.uniform(0.2, 0.8, 4))
        formulas.append(EdgeFormula(*edge, EVERYWHERE[(number + seed) % len(EVERYWHERE)], *constants))
    return replace(layer, mask=mask, formulas=tuple(formulas))
