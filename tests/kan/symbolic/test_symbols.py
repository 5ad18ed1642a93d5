"""Symbols of columns: the name where it is safe, else a fallback that nothing else has."""

import pytest

from kan.symbolic.grammar import Variable, parse
from kan.symbolic.symbols import safe_symbols


@pytest.mark.parametrize(
    "name",
    [
        "E",
        "I",
        "lambda",
        "a b",
        "x;y",
        "\\input{x}",
        '"><script>',
        "sin",
        "pi",
        "e",
        "math",
        "é",
        "__a",
        "1a",
        "",
        "a" * 99,
    ],
)
def test_name_that_means_something_else_gets_its_fallback(name: str) -> None:
    assert safe_symbols([name, "age"], ["x1", "x2"]) == ["x1", "age"]


def test_safe_name_stays() -> None:
    assert safe_symbols(["cement", "water_2"], ["x1", "x2"]) == ["cement", "water_2"]


def test_fallback_that_is_a_name_is_told_apart() -> None:
    assert safe_symbols(["x2", "a b"], ["x1", "x2"]) == ["x2", "x2_"]


def test_name_that_comes_twice_names_neither() -> None:
    assert safe_symbols(["age", "age"], ["x1", "x2"]) == ["x1", "x2"]


def test_symbols_are_names_to_the_grammar() -> None:
    for symbol in safe_symbols(["E", "lambda", "cement"], ["x1", "x2", "x3"]):
        assert parse(symbol).root == Variable(symbol)
