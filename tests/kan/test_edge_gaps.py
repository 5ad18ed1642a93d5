"""Edges that have no value on or beside the range of their input are named, in the user's units."""

from dataclasses import replace

import numpy as np
import pytest

from kan.edge_gaps import edge_gaps
from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from kan.statistics import with_statistics
from tests.kan.networks import random_network

ROWS = np.linspace(-1.0, 1.0, 50)[:, None]


def network(function: str, b: float, c: float, a: float = 1.0) -> NetworkState:
    """One edge whose input runs over [-1, 1], which is 10 to 30 of the column."""
    encoding = Encoding((NumberInput("u", "u", 20.0, 10.0, 10.0, 30.0),), (NumberOutput("y", 0.0, 1.0),))
    state = with_statistics(replace(random_network(1, 1), encoding=encoding), ROWS)
    return with_formula(state, 0, EdgeFormula(0, 0, function, a, b, c, 0.0))


@pytest.mark.parametrize(
    ("function", "b", "c", "words"),
    [
        ("log", 1.0, 1.1, "just below 10, the lower end"),
        ("log", -1.0, 1.1, "just above 30, the upper end"),
        ("1/x", 1.0, -1.05, "just above 30, the upper end"),
        ("arcsin", 0.95, 0.0, "just outside 10 to 30"),
        ("sqrt", 1.0, 0.5, "somewhere in the range of its input, 10 to 30"),
        ("1/(x**2 - 1)", 0.99, 0.0, "just outside 10 to 30"),
        ("1/x", 1.0, 0.3, "somewhere in the range"),
    ],
)
def test_the_place_is_said_in_the_units_of_the_column(function: str, b: float, c: float, words: str) -> None:
    (gap,) = edge_gaps(network(function, b, c))
    assert edge_gaps(network(function, b, c), ROWS) == [gap]
    assert (gap.layer, gap.source, gap.target, gap.function) == (0, 0, 0, function)
    assert words in gap.message
    assert gap.message.startswith(f"{function} on edge (0, 0, 0) has no value ")


@pytest.mark.parametrize(
    ("function", "b", "c", "a"),
    [("log", 1.0, 1.3, 1.0), ("sin", 5.0, 0.0, 1.0), ("1/x", 1.0, -1.5, 1.0), ("log", 1.0, 0.0, 0.0)],
)
def test_what_has_values_all_around_or_weighs_nothing_is_not_named(function: str, b: float, c: float, a: float) -> None:
    assert edge_gaps(network(function, b, c, a)) == []


def test_given_rows_say_what_is_reached_and_not_the_statistics() -> None:
    state = network("log", 1.0, 1.1)
    assert edge_gaps(state, 0.5 * ROWS) == []
    assert "just below 10" in edge_gaps(state, ROWS)[0].message


def test_tangent_so_steep_that_its_argument_overflows_has_a_gap() -> None:
    (gap,) = edge_gaps(network("tan", 1e307, 0.0), 100.0 * ROWS)
    assert "somewhere in the range" in gap.message
