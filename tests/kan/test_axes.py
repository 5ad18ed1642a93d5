"""Axes: round numbers inside their ends, each with its place and no two over each other."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.axes import Scale, number_text, round_numbers, scale_of, strip
from kan.diagram_marks import Box, text_width


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1.0, 55.0, ["10", "20", "30", "40", "50"]),
        (-0.031, 0.012, ["-0.03", "-0.02", "-0.01", "0", "0.01"]),
        (1.9e9, 4.1e9, ["2e+09", "2.5e+09", "3e+09", "3.5e+09", "4e+09"]),
        (7.0, 7.0, ["7"]),
    ],
)
def test_numbers_of_an_axis_are_round(low: float, high: float, texts: list[str]) -> None:
    assert list(Scale(low, high, 0.0, 300.0).ticks()) == texts


def test_places_are_linear_and_a_constant_is_in_the_middle() -> None:
    assert Scale(-1.0, 3.0, 100.0, 0.0).places(np.array([-1.0, 0.0, 3.0])).tolist() == [100.0, 75.0, 0.0]
    assert Scale(5.0, 5.0, 100.0, 0.0).places(np.array([5.0])).tolist() == [50.0]


@given(st.floats(-1e12, 1e12), st.floats(1e-12, 1e12), st.floats(60, 800))
def test_ticks_lie_on_the_axis_in_order_and_have_room(low: float, length: float, pixels: float) -> None:
    scale = Scale(low, low + length, 0.0, pixels)
    ticks = scale.ticks()
    places = list(ticks.values())
    assert places == sorted(places)
    assert all(-0.01 <= place <= pixels + 0.01 for place in places)
    assert len(ticks) <= 3 or sum(text_width(text) for text in ticks) < pixels


def test_narrow_axis_has_fewer_numbers() -> None:
    assert len(Scale(0.0, 6e-6, 0.0, 300.0).ticks()) > len(Scale(0.0, 6e-6, 0.0, 100.0).ticks())


def test_scale_is_of_the_finite_values() -> None:
    scale = scale_of(np.array([np.nan, 2.0, np.inf, -4.0]), 0.0, 1.0)
    assert (scale.low, scale.high) == (-4.0, 2.0)
    assert scale_of(np.array([np.nan]), 0.0, 1.0).is_flat


def test_largest_floats_keep_finite_places() -> None:
    scale = scale_of(np.array([-1.7e308, 1.7e308]), 0.0, 100.0)
    assert scale.places(np.array([-1.7e308, 0.0, 1.7e308])) == pytest.approx([0.0, 50.0, 100.0])


def test_round_numbers_are_exact_multiples() -> None:
    assert round_numbers(0.0, 0.5, 5) == [0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5]
    assert number_text(0.30000000000000004, 0.1) == "0.3"


def test_strip_has_a_bar_for_each_count_that_is_not_zero() -> None:
    bars = re.findall(r"M([\d.]+) ([\d.]+)v-([\d.]+)h([\d.]+)", strip([4, 0, 2, 1], Box(10.0, 20.0, 40.0, 8.0)))
    assert [tuple(map(float, bar)) for bar in bars] == [(10, 28, 8, 10), (30, 28, 4, 10), (40, 28, 2, 10)]
