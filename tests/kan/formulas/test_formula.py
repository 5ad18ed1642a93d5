"""A formula in every notation, whatever its columns are called."""

import numpy as np
import pytest

from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.errors import EncodingError
from kan.formulas.building import formulas
from kan.formulas.formula import NOTATIONS, Formula, variable_columns
from kan.symbolic.grammar import parse
from tests.kan.formulas.networks import edge, network_of

NAMES = ["E", "I", "lambda", "a b", "x;y", "\\input{x}", '"><script>', "cement", "sin", "x1"]


def formula_of(names: list[str]) -> Formula:
    """Gives 1 * first + 2 * second + … of columns with these names."""
    inputs = tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in names)
    edges = [edge(source, 0, "x", a=source + 1.0) for source in range(len(names))]
    return formulas(network_of(edges, encoding=Encoding(inputs, (NumberOutput("y", 0.0, 1.0),))))[0]


def test_text_has_symbols_that_mean_nothing_else() -> None:
    found = formula_of(NAMES)
    assert found.written() == "x1_ + 2*x2 + 3*x3 + 4*x4 + 5*x5 + 6*x6 + 7*x7 + 8*cement + 9*x9 + 10*x1"
    assert list(found.legend.values()) == NAMES


def test_every_notation_of_hostile_names_holds_none_of_them_as_markup_or_command() -> None:
    found = formula_of(NAMES)
    assert r"\input{x}" not in found.written("latex")
    assert "<script>" not in found.written("mathml")
    room: dict[str, object] = {}
    exec(found.written("python"), room)
    predict = room["predict"]
    assert callable(predict)
    assert predict(*([1.0] * len(NAMES))) == 55.0


@pytest.mark.parametrize("notation", NOTATIONS)
def test_notation_is_text_with_every_coefficient(notation: str) -> None:
    written = formula_of(["age", "size"]).written(notation)
    assert "2" in written
    assert written.isprintable() or "\n" in written or "\u2061" in written


def test_text_is_read_by_the_grammar() -> None:
    found = formula_of(NAMES)
    assert set(parse(found.written()).variables) == set(found.legend)
    # Ten names, nine factors, nine times and nine plus.
    assert found.complexity == 37


def test_columns_of_a_table_without_one_are_refused() -> None:
    with pytest.raises(EncodingError, match="cement"):
        variable_columns(formula_of(["cement"]).variables, {"age": np.ones(2)})


def test_value_is_nan_where_the_formula_has_none() -> None:
    (found,) = formulas(network_of([edge(0, 0, "log")]))
    assert np.isnan(found.evaluate({"x1": np.array([-1.0, 1.0])})).tolist() == [True, False]
