"""Complexity: nodes, functions by their weight, signs free."""

import pytest

from kan.symbolic.complexity import complexity, parts, size
from kan.symbolic.grammar import FUNCTIONS, parse


@pytest.mark.parametrize(
    ("written", "expected"),
    [("x1", 1), ("-x1", 1), ("2*x1 + 1", 5), ("x1**2", 3), ("sin(x1)", 3), ("j0(x1)", 5), ("1/tanh(-x1)", 6)],
)
def test_complexity_is_the_number_of_weighted_nodes(written: str, expected: int) -> None:
    assert complexity(parse(written).root) == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_of_the_grammar_has_a_weight(function: str) -> None:
    assert 3 <= complexity(parse(f"{function}(x1)").root) <= 5


def test_size_counts_every_node_once() -> None:
    root = parse("-x1*2 + exp(x1)").root
    assert size(root) == len(list(parts(root))) == 7
