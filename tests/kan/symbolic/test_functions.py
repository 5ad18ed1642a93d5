"""The library: its order is the kernels' numbering, its texts are the grammar's, its domains hold."""

import json

import numpy as np
import pytest

from kan.symbolic import grammar
from kan.symbolic.functions import FUNCTIONS, NUMBERS, Domain, library
from kan.symbolic.grammar import parse

ORDER = [
    *("x", "x^2", "x^3", "x^4", "x^5", "1/x", "1/x^2", "1/x^3", "1/x^4", "1/x^5", "sqrt", "1/sqrt", "exp", "log"),
    *("abs", "sin", "cos", "tan", "tanh", "sigmoid", "sgn", "arcsin", "arccos", "arctan", "arctanh", "gaussian", "j0"),
]


def points_of(name: str) -> np.ndarray:
    """Gives points on and around the domain, none of them a pole."""
    domain = FUNCTIONS[name].domain
    points = np.append(np.linspace(-40.0, 40.0, 161) + 0.01, [domain.low, domain.high, -0.3, 0.7])
    inside = [x for x in points if np.isfinite(x) and domain.contains(x, x)]
    return np.array(inside)


def test_numbers_by_which_kernels_know_a_function_never_change() -> None:
    assert list(NUMBERS)[: len(ORDER)] == ORDER


@pytest.mark.parametrize("name", FUNCTIONS)
def test_text_read_by_the_grammar_has_the_value_of_the_function(name: str) -> None:
    x = points_of(name)
    expected = parse(FUNCTIONS[name].text).evaluate({"x": x})
    np.testing.assert_allclose(FUNCTIONS[name].value(x), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_finite_on_its_domain(name: str) -> None:
    assert np.isfinite(FUNCTIONS[name].value(points_of(name))).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_not_finite_at_a_pole(name: str) -> None:
    with np.errstate(all="ignore"):
        values = np.abs(FUNCTIONS[name].value(np.array(FUNCTIONS[name].domain.poles)))
    # The pole of tan lies between two floats.
    assert (values > 1e15).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_slope_is_the_finite_difference_of_the_value(name: str) -> None:
    domain, step = FUNCTIONS[name].domain, 1e-6
    x = np.array([value for value in np.linspace(-3.0, 3.0, 50) if domain.contains(value - 0.1, value + 0.1)])
    difference = (FUNCTIONS[name].value(x + step) - FUNCTIONS[name].value(x - step)) / (2 * step)
    # 1e-5: a difference over 2e-6 of values rounded to 1e-16, times the third derivatives near a pole.
    np.testing.assert_allclose(FUNCTIONS[name].slope(x), difference, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "low", "high", "is_inside"),
    [
        ("log", 0.1, 9.0, True),
        ("log", 0.0, 9.0, False),
        ("sqrt", 0.0, 9.0, True),
        ("sqrt", -0.1, 9.0, False),
        ("1/x", -2.0, -1.0, True),
        ("1/x", -1.0, 1.0, False),
        ("tan", -1.5, 1.5, True),
        ("tan", 8.0, 10.0, True),
        ("tan", 7.0, 8.0, False),
        ("tan", -5.0, -4.0, False),
        ("tan", -np.inf, np.inf, False),
        ("tan", 0.0, np.inf, False),
        ("tan", -1.7e308, 1.7e308, False),
        ("arcsin", -1.0, 1.0, True),
        ("arctanh", -1.0, 0.5, False),
        ("exp", -1e9, 700.0, True),
        ("exp", 0.0, 800.0, False),
    ],
)
def test_domain_contains_a_range_without_pole_and_within_the_ends(
    name: str, low: float, high: float, is_inside: bool
) -> None:
    assert FUNCTIONS[name].domain.contains(low, high) is is_inside


def test_domain_contains_nothing_that_is_not_a_number() -> None:
    assert not Domain().contains(float("nan"), 1.0)


def test_every_call_of_the_library_is_known_to_the_grammar() -> None:
    assert {name for name in FUNCTIONS if name.isalnum() and name != "x"} <= set(grammar.FUNCTIONS)


def test_library_is_plain_json_in_the_order_of_the_table() -> None:
    entries = json.loads(json.dumps(library(), allow_nan=False))
    assert [entry["name"] for entry in entries] == list(FUNCTIONS)
    assert entries[13] == {
        "name": "log",
        "text": "log(x)",
        "complexity": 2,
        "domain": {"low": 0.0, "high": None, "poles": [0.0], "period": None},
    }
    assert {entry["complexity"] for entry in entries} == {1, 2, 3, 4, 5}
