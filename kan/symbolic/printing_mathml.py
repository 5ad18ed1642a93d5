"""Expressions as presentation MathML, which browsers draw; a name is text in it, never markup."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, tostring

from kan.symbolic.grammar import Node
from kan.symbolic.printing import number_text
from kan.symbolic.printing_math import MathPrinter

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_NAMES: Mapping[str, str] = {"arctanh": "artanh"}
_SIGNS: Mapping[str, str] = {"+": "+", "-": "−", "*": "·"}


class MarkupPrinter(MathPrinter[Element]):
    """MathML's elements; what a browser lays out needs no parentheses."""

    def constant(self, value: float) -> Element:
        mantissa, has_exponent, exponent = number_text(abs(value)).partition("e")
        number = _leaf("mn", mantissa)
        if has_exponent:
            ten = _node("msup", _leaf("mn", "10"), _signed(_leaf("mn", str(abs(int(exponent)))), int(exponent) < 0))
            number = _node("mrow", number, _leaf("mo", "·"), ten)
        return _signed(number, is_negative=value < 0)

    def label(self, text: str) -> Element:
        # XML has no control characters, and none shall change the direction of what follows.
        return _leaf("mi", "".join(character if character.isprintable() else " " for character in text))

    def negative(self, operand: Element) -> Element:
        return _signed(operand, is_negative=True)

    def joined(self, operator: str, left: Element, right: Element) -> Element:
        return _node("mrow", left, _leaf("mo", _SIGNS[operator]), right)

    def fraction(self, above: Element, below: Element) -> Element:
        return _node("mfrac", above, below)

    def raised(self, base: Element, exponent: Element) -> Element:
        return _node("msup", base, exponent)

    def root(self, inner: Element) -> Element:
        return _node("msqrt", inner)

    def magnitude(self, inner: Element) -> Element:
        return _node("mrow", _leaf("mo", "|"), inner, _leaf("mo", "|"))

    def applied(self, function: str, inner: Element) -> Element:
        name = _leaf("mi", _NAMES.get(function, function))
        if function == "j0":
            name = _node("msub", _leaf("mi", "J"), _leaf("mn", "0"))
        # U+2061: the mark of a function that is applied.
        return _node("mrow", name, _leaf("mo", "\u2061"), self.parenthesized(inner))

    def parenthesized(self, piece: Element) -> Element:
        return _node("mrow", _leaf("mo", "("), piece, _leaf("mo", ")"))


def mathml(node: Node, labels: Mapping[str, str]) -> str:
    """Gives an expression as one `math` element.

    Args:
        labels: symbol -> the name to show, any text; a symbol that is not in it is shown itself.
    """
    root = Element("math", xmlns=NAMESPACE)
    root.append(MarkupPrinter(labels).printed(node))
    return tostring(root, encoding="unicode")


def _leaf(tag: str, content: str) -> Element:
    element = Element(tag)
    element.text = content
    return element


def _node(tag: str, *children: Element) -> Element:
    element = Element(tag)
    element.extend(children)
    return element


def _signed(element: Element, is_negative: bool) -> Element:
    return _node("mrow", _leaf("mo", "−"), element) if is_negative else element
