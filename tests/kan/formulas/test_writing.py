"""Formulas of networks on plain arrays, in every format, with as many digits as asked for."""

import numpy as np
import pytest

from kan.errors import InvalidConfig
from kan.formulas.writing import written_formulas
from tests.kan.formulas.networks import edge, network_of, symbolic_network

SINE = network_of([edge(0, 0, "sin", a=1.234567, b=1.000001)])


def test_one_output_is_text_and_several_are_a_list() -> None:
    assert written_formulas(SINE) == "1.234567*sin(1.000001*x1)"
    two = network_of([edge(0, 0, "x"), edge(0, 1, "x^2")])
    assert written_formulas(two) == ["x1", "x1**2"]


def test_digits_are_as_many_as_the_grid_needs() -> None:
    # 1.23 would be off by 4e-3 of the spread.
    assert written_formulas(SINE, digits=3) == "1.235*sin(x1)"


def test_digits_are_as_many_as_the_rows_need() -> None:
    far = np.linspace(0.0, 1e6, 100)[:, None]
    assert written_formulas(SINE, digits=4, x=far) == "1.234567*sin(1.000001*x1)"


def test_format_is_that_of_the_notation() -> None:
    assert written_formulas(network_of([edge(0, 0, "x^2")]), format="latex") == "{x_{1}}^{2}"


def test_categories_are_sampled_too() -> None:
    state = symbolic_network(2, 2, 1, levels=(None, 3))
    assert "x2_0" in str(written_formulas(state, digits=3))


def test_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="text, latex, mathml, python, c"):
        written_formulas(SINE, format="word")
