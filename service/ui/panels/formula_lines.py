"""A long formula in pieces that a browser may put on several lines: none of them breaks MathML by itself."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring, tostring

_OPERATORS = frozenset("+−·")


def pieces(mathml: str) -> str:
    """Gives the same formula as one `math` element for each term and factor outside of parentheses, for HTML.

    Args:
        mathml: one `math` element of `kan.symbolic.printing_mathml`.
    """
    root = fromstring(mathml)
    for element in root.iter():
        # HTML knows these names; with the namespace each piece would say it again.
        element.tag = element.tag.rpartition("}")[2]
    (inner,) = root
    return "<wbr/>".join(_markup(parts) for parts in _split(inner))


def _split(node: Element) -> Iterator[list[Element]]:
    """Gives the pieces from left to right, each but the first with the operator before it."""
    if not _is_joined(node):
        yield [node]
        return
    left, operator, right = node
    yield from _split(left)
    # At the start of an element it would stand close to what follows, as a sign does.
    operator.set("form", "infix")
    first, *others = _split(right)
    yield [operator, *first]
    yield from others


def _is_joined(node: Element) -> bool:
    return node.tag == "mrow" and len(node) == 3 and node[1].tag == "mo" and node[1].text in _OPERATORS


def _markup(parts: list[Element]) -> str:
    root = Element("math")
    root.extend(parts)
    return tostring(root, encoding="unicode")
