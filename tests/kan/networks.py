"""Networks with random numbers in every part, for the tests of what reads a network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from kan.encoding import Encoding, LevelsInput, NumberInput, NumberOutput
from kan.knots import quantile_knots
from kan.predictor import edge_values, evaluate_layers
from kan.state import DENSITY_BINS, Array, EdgeFormula, EdgeStatistics, LayerState, LevelTable, NetworkState


def random_layer(
    inputs: int,
    outputs: int,
    *,
    grid: int = 5,
    degree: int = 3,
    levels: tuple[int | None, ...] = (),
    pruned: tuple[tuple[int, int], ...] = (),
    seed: int = 0,
) -> LayerState:
    """Gives a layer on uneven knots over about [-1, 1]."""
    generator = np.random.default_rng([seed, inputs, outputs])
    mask = np.ones((inputs, outputs))
    for edge in pruned:
        mask[edge] = 0.0
    counts = levels or (None,) * inputs
    return LayerState(
        degree=degree,
        knots=np.stack([quantile_knots(generator.uniform(-1, 1, 50), grid, degree, 0.5) for _ in range(inputs)]),
        coefficients=generator.normal(size=(inputs, grid + degree, outputs)),
        base_weight=generator.normal(size=(inputs, outputs)),
        spline_weight=generator.normal(size=(inputs, outputs)),
        mask=mask,
        levels=tuple(
            LevelTable(source, generator.normal(size=(count + 1, outputs)))
            for source, count in enumerate(counts)
            if count is not None
        ),
    )


def random_network(
    *widths: int,
    grid: int = 5,
    degree: int = 3,
    levels: tuple[int | None, ...] = (),
    base: str = "silu",
    outside: str = "linear",
    encoding: Encoding | None = None,
    seed: int = 0,
) -> NetworkState:
    """Gives a network of these widths; `levels` as in `Encoding.input_levels`."""
    layers = tuple(
        random_layer(a, b, grid=grid, degree=degree, levels=levels if index == 0 else (), seed=seed + index)
        for index, (a, b) in enumerate(pairwise(widths))
    )
    return NetworkState(layers, base=base, outside=outside, encoding=encoding, origin={"seed": seed})


def with_statistics(state: NetworkState, rows: int = 200, seed: int = 0) -> NetworkState:
    """Gives the network as if it had seen rows: uniform numbers, every level."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 1, (rows, state.widths[0]))
    for table in state.layers[0].levels:
        x[:, table.source] = generator.integers(0, len(table.values) - 1, rows)
    layers = []
    for layer, values in zip(state.layers, evaluate_layers(state, x), strict=False):
        edges = np.stack(
            [edge_values(layer, i, values[:, i], base=state.base, outside=state.outside) for i in range(layer.inputs)]
        )
        density = np.stack([np.histogram(column, DENSITY_BINS)[0] for column in values.T])
        statistics = EdgeStatistics(
            low=values.min(axis=0),
            high=values.max(axis=0),
            density=density.astype(np.int64),
            edge_std=edges.std(axis=1),
            node_std=edges.sum(axis=0).std(axis=0),
        )
        layers.append(replace(layer, statistics=statistics))
    return replace(state, layers=tuple(layers))


def mixed_network(seed: int = 0) -> NetworkState:
    """Gives [3 numbers + a category, sums + products, …, 2] with formulas, pruned edges, an encoding and statistics."""
    generator = np.random.default_rng(seed)
    encoding = Encoding(
        (
            NumberInput("a", "a", 1.0, 2.0, -1.0, 3.0),
            LevelsInput("b", "b", ("p", "q", "r"), (5, 5, 5)),
            NumberInput("c", "c", 0.0, 0.5, -0.5, 0.5),
            NumberInput("d", "d", -3.0, 10.0, -13.0, 7.0),
        ),
        (NumberOutput("y", 5.0, 2.0), NumberOutput("z", -1.0, 10.0)),
    )
    arities = tuple(int(arity) for arity in generator.integers(2, 4, generator.integers(0, 3)))
    plain = int(generator.integers(1, 4))
    first = replace(random_layer(4, plain + sum(arities), levels=(None, 3, None, None), seed=seed), products=arities)
    widths = [plain + len(arities), *([3] if generator.integers(2) else []), 2]
    rest = [random_layer(a, b, grid=4, degree=2, seed=seed + a) for a, b in pairwise(widths)]
    layers = tuple(_with_random_kinds(layer, generator) for layer in (first, *rest))
    return with_statistics(NetworkState(layers, encoding=encoding, origin={"seed": seed}))


def rows_for(state: NetworkState, rows: int = 50, seed: int = 0) -> Array:
    """Gives rows in network units: numbers a little beyond the grid, levels and an unseen one."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1.5, 1.5, (rows, state.widths[0]))
    for table in state.layers[0].levels:
        x[:, table.source] = generator.integers(0, len(table.values), rows)
    return x


def _with_random_kinds(layer: LayerState, generator: np.random.Generator) -> LayerState:
    """Gives the layer with about a sixth of its edges pruned and a sixth formulas; every input and sum has a spline."""
    kinds = generator.integers(0, 6, layer.mask.shape)
    kinds[np.arange(layer.inputs), generator.integers(0, layer.outputs, layer.inputs)] = 2
    kinds[generator.integers(0, layer.inputs, layer.outputs), np.arange(layer.outputs)] = 2
    mask, formulas = np.where(kinds == 0, 0.0, 1.0), []
    for source, target in np.argwhere(kinds == 1):
        if layer.level_table(int(source)) is None:
            mask[source, target] = 0.0
            function = ("sin", "x^2", "tanh", "gaussian")[int(generator.integers(4))]
            formulas.append(EdgeFormula(int(source), int(target), function, *generator.uniform(0.2, 0.9, 4).tolist()))
    return replace(layer, mask=mask, formulas=tuple(formulas))
