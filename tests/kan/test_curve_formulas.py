"""Formulas of edges: Python itself reads their text and gives the samples; R2 is that of cases done by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kan.curve_formulas import LayerFormulas
from kan.curves import activations
from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.formulas.compiling import compiled
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from kan.symbolic.grammar import parse
from tests.kan.networks import mixed_network, random_layer, random_network, with_statistics

NAMES = {"sin": np.sin, "tanh": np.tanh, "gaussian": lambda x: np.exp(-(x**2))}


def read_by_python(text: str, values: Any) -> Any:
    """Gives what Python makes of the text, whatever the one variable in it is called."""
    code = compile(text, "formula", "eval")
    (name,) = set(code.co_names) - set(NAMES)
    return eval(code, {"__builtins__": {}}, {**NAMES, name: np.array(values)})


def formulas_of(state: NetworkState) -> list[dict[str, Any]]:
    edges = [edge for layer in activations(state, points=9)["layers"] for edge in layer["edges"]]
    return [edge for edge in edges if edge["kind"] == "symbolic"]


@pytest.mark.parametrize("seed", range(5))
def test_text_gives_the_samples_in_network_units_and_in_those_of_the_user(seed: int) -> None:
    found = formulas_of(mixed_network(seed))
    assert found
    for edge in found:
        assert read_by_python(edge["formula"], edge["x"]) == pytest.approx(np.array(edge["y"]), rel=1e-9, abs=1e-12)
        assert (edge["formula_user"] is None) == (edge["x_user"] is None and edge["y_user"] is None)
        if edge["formula_user"]:
            said = read_by_python(edge["formula_user"], edge["x_user"] or edge["x"])
            assert said == pytest.approx(np.array(edge["y_user"] or edge["y"]), rel=1e-9, abs=1e-9)


def test_only_layer_gives_both_sides_in_the_users_units() -> None:
    """17 * (2 * ((age - 28) / 27)^2 + 1) by hand."""
    encoding = Encoding((NumberInput("age", "age", 28.0, 27.0, 1.0, 55.0),), (NumberOutput("strength", 36.0, 17.0),))
    state = with_formula(random_network(1, 1, encoding=encoding), 0, EdgeFormula(0, 0, "x^2", 2.0, 1.0, 0.0, 1.0))
    (edge,) = formulas_of(state)
    assert read_by_python(edge["formula_user"], [28.0, 55.0, 82.0]) == pytest.approx([17.0, 51.0, 153.0])
    assert edge["y_user"] == pytest.approx([17.0 * y for y in edge["y"]])


def test_short_text_has_four_digits_names_and_units() -> None:
    encoding = Encoding((NumberInput("age", "age", 0.0, 3.0, -3.0, 3.0),), (NumberOutput("y", 0.0, 2.0),))
    state = random_network(1, 2, 1, encoding=encoding)
    state = with_formula(state, 0, EdgeFormula(0, 1, "sin", 1.23456789, 1.0, 0.0, 0.0))
    state = with_formula(state, 1, EdgeFormula(1, 0, "tanh", 1.0, 1.0, 0.0, -0.111111))
    assert LayerFormulas(state, 0).short(0, 1, "age") == "1.235*sin(0.3333*age)"
    assert LayerFormulas(state, 1).short(1, 0, "h1") == "2*tanh(h1) - 0.2222"
    assert LayerFormulas(state, 0).short(0, 0, "age") is None


def straight_line() -> NetworkState:
    """Gives a network of one edge whose spline is x: its coefficients are the means of degree knots."""
    layer = random_layer(1, 1)
    means = np.array([layer.knots[0, j + 1 : j + 4].mean() for j in range(layer.coefficients.shape[1])])
    return with_statistics(
        NetworkState(
            (
                replace(
                    layer,
                    coefficients=means[None, :, None],
                    base_weight=np.zeros((1, 1)),
                    spline_weight=np.ones((1, 1)),
                ),
            )
        )
    )


@pytest.mark.parametrize(
    ("a", "d", "r2"), [(1.0, 0.0, 1.0), (1.0, 5.0, 1.0), (2.0, 0.0, 0.0), (0.5, 0.0, 0.75), (0.0, 1.0, 0.0)]
)
def test_r2_is_relative_to_the_variance_of_the_spline_that_was_replaced(a: float, d: float, r2: float) -> None:
    (edge,) = formulas_of(with_formula(straight_line(), 0, EdgeFormula(0, 0, "x", a, 1.0, 0.0, d)))
    assert edge["r2"] == pytest.approx(r2, abs=1e-9)


def test_formula_that_replaced_no_spline_has_no_r2() -> None:
    found = formulas_of(compiled(parse("sin(x1) + x1*x2"), {"x1": (-1.0, 1.0), "x2": (-1.0, 1.0)}))
    assert found
    assert {edge["r2"] for edge in found} == {None}


def test_formula_without_a_value_where_rows_were_has_no_r2() -> None:
    (edge,) = formulas_of(with_formula(straight_line(), 0, EdgeFormula(0, 0, "log", 1.0, 1.0, 0.0, 0.0)))
    assert edge["r2"] is None


def test_text_in_units_too_small_for_a_float_is_left_out() -> None:
    encoding = Encoding((NumberInput("age", "age", 0.0, 1e-310, -1e-310, 1e-310),), (NumberOutput("y", 0.0, 1.0),))
    state = with_formula(random_network(1, 1, encoding=encoding), 0, EdgeFormula(0, 0, "sin", 1.0, 2.0, 0.0, 0.0))
    (edge,) = formulas_of(state)
    assert edge["formula_user"] is None
    assert edge["formula"] == "sin(2*x)"
