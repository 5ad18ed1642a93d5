"""Pieces against scipy's B-splines inside the grid, and against the rule outside it."""

import numpy as np
import pytest
from scipy.interpolate import BSpline

from kan.export.pieces import spline_pieces
from kan.state import Array
from tests.kan.networks import random_layer


def value(breaks: Array, pieces: Array, x: float) -> Array:
    place = int(np.searchsorted(breaks, x, side="right"))
    distance = x - breaks[max(place - 1, 0)]
    return np.asarray(sum(pieces[place, r] * distance**r for r in range(pieces.shape[1])))


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_inside_they_are_the_spline(degree: int) -> None:
    layer = random_layer(1, 2, degree=degree)
    breaks, pieces = spline_pieces(layer, 0, "linear")
    spline = BSpline(layer.knots[0], layer.coefficients[0], degree)
    assert pieces.shape == (layer.grid + 2, degree + 1, 2)
    for x in np.linspace(breaks[0], breaks[-1] - 1e-9, 23):
        assert value(breaks, pieces, x) == pytest.approx(spline(x) * layer.spline_weight[0], abs=1e-11)


def test_beyond_the_ends_they_are_the_line_of_the_end() -> None:
    layer = random_layer(1, 1)
    breaks, pieces = spline_pieces(layer, 0, "linear")
    spline = BSpline(layer.knots[0], layer.coefficients[0, :, 0], 3)
    for end, inside, x in ((breaks[0], 0.0, breaks[0] - 2.0), (breaks[-1], 1e-9, breaks[-1] + 2.0)):
        expected = spline(end - inside) + (x - end) * spline.derivative()(end - inside)
        assert value(breaks, pieces, x)[0] == pytest.approx(expected * layer.spline_weight[0, 0], rel=1e-6)


def test_with_zero_outside_nothing_is_left_beyond_all_knots() -> None:
    layer = random_layer(1, 1)
    breaks, pieces = spline_pieces(layer, 0, "zero")
    assert (breaks[0], breaks[-1]) == (layer.knots[0, 0], layer.knots[0, -1])
    assert not pieces[[0, -1]].any()
