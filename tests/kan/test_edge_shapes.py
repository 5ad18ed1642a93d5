"""A spline has a shape where its values have it, and no other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kan.bspline import edge_spline
from kan.config_constraints import SHAPES
from kan.edge_shapes import has_shape
from kan.state import Array, LayerState
from tests.kan.networks import random_layer


def layer_of(coefficients: NDArray[Any], weight: float = 1.0) -> LayerState:
    layer = random_layer(1, 1)
    return replace(
        layer,
        coefficients=coefficients.astype(float)[None, :, None],
        base_weight=np.zeros((1, 1)),
        spline_weight=np.full((1, 1), weight),
    )


def greville(layer: LayerState) -> Array:
    """Gives the coefficients of the line x."""
    return np.array([layer.knots[0, j + 1 : j + 4].mean() for j in range(layer.coefficients.shape[1])])


@pytest.mark.parametrize("weight", [1.0, -2.0])
@pytest.mark.parametrize("kind", SHAPES)
def test_line_and_parabola_have_the_shapes_that_their_values_have(kind: str, weight: float) -> None:
    line = greville(random_layer(1, 1))
    x = np.linspace(-0.9, 0.9, 500)
    for coefficients in (line, line**2, -(line**2), np.exp(line)):
        layer = layer_of(coefficients, weight)
        y = weight * edge_spline(x, layer.knots[0], layer.coefficients[0], 3)[:, 0]
        sign = -1 if kind in ("decreasing", "concave") else 1
        steps = sign * np.diff(y, n=2 if kind in ("convex", "concave") else 1)
        # A line is both convex and concave, to rounding.
        assert has_shape(layer, 0, 0, kind) == bool(steps.min() >= -1e-12)


def test_base_branch_has_no_shape() -> None:
    layer = layer_of(np.arange(8))
    assert has_shape(layer, 0, 0, "increasing")
    assert not has_shape(replace(layer, base_weight=np.full((1, 1), 1e-9)), 0, 0, "increasing")


def test_numbers_that_overflow_have_no_shape() -> None:
    assert not has_shape(layer_of(1e300 * np.arange(8), weight=1e300), 0, 0, "increasing")
