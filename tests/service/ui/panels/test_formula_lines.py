"""A formula in pieces has the same marks in the same order, and breaks only outside of parentheses."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given

from kan.symbolic.grammar import Node, parse
from kan.symbolic.printing_mathml import mathml
from service.ui.panels.formula_lines import pieces
from tests.kan.symbolic.trees import trees


def texts(written: str) -> list[str]:
    """What each `math` element shows."""
    return ["".join(each.itertext()) for each in fromstring(f"<p>{written}</p>").iter() if each.tag.endswith("math")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x1", ["x1"]),
        ("2*x1 + x2", ["2", "·x1", "+x2"]),
        ("x1 + 2*(x2 - x3)", ["x1", "+2", "·(x2−x3)"]),
        ("x1 - x2 + 3", ["x1", "−x2", "+3"]),
        ("x1*sin(x2 + 1)*x3", ["x1", "·sin\u2061(x2+1)", "·x3"]),
        ("(x1 + x2)/x3", ["x1+x2x3"]),
        ("-x1", ["−x1"]),
    ],
)
def test_it_breaks_before_every_operator_outside_of_parentheses(written: str, expected: list[str]) -> None:
    assert texts(pieces(mathml(parse(written).root, {}))) == expected


@given(trees())
def test_together_the_pieces_are_the_formula(tree: Node) -> None:
    whole = mathml(tree, {"x1": '"><b>&'})
    assert "".join(texts(pieces(whole))) == "".join(texts(whole))
