"""MathML of expressions: well-formed, drawn as mathematics, and with names that are never markup."""

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.symbolic.grammar import Node, Variable, parse
from kan.symbolic.printing_mathml import NAMESPACE, mathml
from tests.kan.symbolic.trees import trees

CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "msqrt": 1}
KNOWN = {"math", "mrow", "mi", "mn", "mo", *CHILDREN}


def elements(source: str) -> list[Element]:
    """Gives all elements, their names without the namespace."""
    found = list(fromstring(source).iter())
    for element in found:
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    return found


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x1/2", "<mfrac><mi>x1</mi><mn>2</mn></mfrac>"),
        ("-x1**2", "<mrow><mo>−</mo><msup><mi>x1</mi><mn>2</mn></msup></mrow>"),
        (
            "(-x1)**2",
            "<msup><mrow><mo>(</mo><mrow><mo>−</mo><mi>x1</mi></mrow><mo>)</mo></mrow><mn>2</mn></msup>",
        ),
        ("x1 - sqrt(y)", "<mrow><mi>x1</mi><mo>−</mo><msqrt><mi>y</mi></msqrt></mrow>"),
        ("3e-9", "<mrow><mn>3</mn><mo>·</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>9</mn></mrow></msup></mrow>"),
        ("sin(x1)", "<mrow><mi>sin</mi><mo>\u2061</mo><mrow><mo>(</mo><mi>x1</mi><mo>)</mo></mrow></mrow>"),
    ],
)
def test_expression_is_drawn_as_mathematics(written: str, expected: str) -> None:
    assert mathml(parse(written).root, {}) == f'<math xmlns="{NAMESPACE}">{expected}</math>'


@given(trees())
def test_any_expression_is_well_formed(tree: Node) -> None:
    for element in elements(mathml(tree, {})):
        assert element.tag in KNOWN
        assert len(element) == CHILDREN.get(element.tag, len(element))


@given(st.text())
def test_any_name_is_text_of_one_element(name: str) -> None:
    found = elements(mathml(Variable("x1"), {"x1": name}))
    assert [element.tag for element in found] == ["math", "mi"]
    assert (found[1].text or "") == "".join(character if character.isprintable() else " " for character in name)
