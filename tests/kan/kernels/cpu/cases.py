"""Every kind of network that a kernel may meet, and rows that reach every part of it."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from kan.state import Array, NetworkState
from tests.kan.kernels.cpu.definition import on_uniform_knots, with_everything, with_formulas, with_products
from tests.kan.networks import random_layer, random_network


def uniform(*widths: int, degree: int) -> NetworkState:
    """Gives a network on even knots."""
    return on_uniform_knots(random_network(*widths, degree=degree))


NETWORKS: dict[str, Callable[[], NetworkState]] = {
    **{f"degree {degree} uneven": partial(random_network, 2, 3, 1, degree=degree) for degree in (1, 2, 3, 4, 5)},
    **{f"degree {degree} uniform": partial(uniform, 2, 3, 1, degree=degree) for degree in (1, 2, 3, 4, 5)},
    "fine grid": lambda: on_uniform_knots(random_network(1, 2, 2, grid=48)),
    "wide": lambda: on_uniform_knots(random_network(3, 19, 9)),
    "very wide": lambda: on_uniform_knots(random_network(2, 3, 70)),
    "wide categories": lambda: random_network(19, 3, levels=(None, 4, *(None,) * 15, 2, None)),
    "deep": lambda: random_network(2, 3, 3, 3, 1),
    "one edge": lambda: random_network(1, 1),
    "zero outside": lambda: random_network(2, 3, 1, outside="zero"),
    "zero outside, uniform": lambda: on_uniform_knots(random_network(2, 3, 1, outside="zero")),
    "no base": lambda: random_network(2, 3, 1, base="zero"),
    "levels": lambda: random_network(3, 3, 2, levels=(None, 4, None)),
    "pruned": lambda: NetworkState((random_layer(2, 3, pruned=((0, 1), (1, 2))), random_layer(3, 1, pruned=((1, 0),)))),
    "formulas": lambda: with_formulas(random_network(2, 3, 1)),
    "more formulas": lambda: with_formulas(random_network(3, 2, 2, 2, 1), seed=3),
    "products": with_products,
    "formulas, products and levels": with_everything,
}
EVERY = pytest.mark.parametrize("name", NETWORKS)


def rows(state: NetworkState, count: int = 131) -> Array:
    """Gives rows inside and outside the grid, each knot and the numbers next to it, and levels seen and unseen."""
    generator = np.random.default_rng(5)
    layer = state.layers[0]
    x = generator.uniform(-1.5, 1.5, (count, layer.inputs))
    for i in range(layer.inputs):
        knots = layer.knots[i, layer.degree : -layer.degree]
        near = np.concatenate([knots, np.nextafter(knots, -9), np.nextafter(knots, 9)])[:count]
        x[: len(near), i] = generator.permutation(near)
    for table in layer.levels:
        x[:, table.source] = generator.integers(0, len(table.values) + 1, count)
    return x


def seeds(state: NetworkState, count: int = 131) -> Array:
    """Gives random weights of the outputs."""
    return np.random.default_rng(6).normal(size=(count, state.widths[-1]))
