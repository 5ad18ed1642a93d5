"""Networks with random numbers in every part, for the tests of what reads a network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from kan.encoding import Encoding
from kan.knots import quantile_knots
from kan.predictor import edge_values, evaluate_layers
from kan.state import DENSITY_BINS, EdgeStatistics, LayerState, LevelTable, NetworkState


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
