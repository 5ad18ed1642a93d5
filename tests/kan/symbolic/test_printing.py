"""Text of expressions: the grammar reads it back as the same tree."""

import pytest
from hypothesis import given

from kan.errors import ExpressionError
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable, parse
from kan.symbolic.printing import number_text, text
from tests.kan.symbolic.trees import trees


def without_negative_numbers(node: Node) -> Node:
    """Gives the tree as the grammar has it: a minus sign before a number is an operation."""
    match node:
        case Constant(value) if value < 0:
            return Negative(Constant(-value))
        case Negative(operand):
            return Negative(without_negative_numbers(operand))
        case Binary(operator, left, right):
            return Binary(operator, without_negative_numbers(left), without_negative_numbers(right))
        case Call(function, argument):
            return Call(function, without_negative_numbers(argument))
        case _:
            return node


@given(trees())
def test_text_is_read_back_as_the_same_tree(tree: Node) -> None:
    assert parse(text(tree)).root == without_negative_numbers(tree)


@pytest.mark.parametrize(
    "written",
    [
        "-x1**2",
        "(-x1)**2",
        "x1**2**3",
        "(x1**2)**3",
        "x1 - (x2 - 3)",
        "x1 - x2 - 3",
        "x1/(x2*3)",
        "x1/x2*3",
        "2**(-x1)",
        "x1*(-3)",
        "-(x1*x2)",
        "-(-x1)",
        "exp(-x1)/(1 + x1)",
        "1e-07*x1 + 1e+20",
    ],
)
def test_text_has_no_parentheses_that_the_grammar_does_not_need(written: str) -> None:
    assert text(parse(written).root) == written


def test_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ExpressionError, match="not finite"):
        text(Binary("+", Variable("x1"), Constant(float("inf"))))


@pytest.mark.parametrize(
    ("value", "written"),
    [(2.0, "2"), (-3.0, "-3"), (0.1, "0.1"), (1e300, "1e+300"), (123456789.0, "123456789"), (-0.0, "-0.0")],
)
def test_number_is_the_shortest_that_is_read_back(value: float, written: str) -> None:
    assert number_text(value) == written
    assert float(written) == value
