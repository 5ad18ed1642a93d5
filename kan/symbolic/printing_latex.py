"""Expressions as LaTeX (amsmath); names of columns are text in it, never commands."""

import re
from collections.abc import Mapping

from kan.symbolic.grammar import Node
from kan.symbolic.printing import number_text
from kan.symbolic.printing_math import MathPrinter

_NUMBERED = re.compile(r"([A-Za-z])_?([0-9]*)")
_COMMANDS: Mapping[str, str] = {
    **{name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh")},
    **{name: rf"\{name}" for name in ("arcsin", "arccos", "arctan")},
    "arctanh": r"\operatorname{artanh}",
    "sgn": r"\operatorname{sgn}",
    "sigmoid": r"\operatorname{sigmoid}",
    "j0": "J_{0}",
}
_ESCAPES: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
}


class LatexPrinter(MathPrinter[str]):
    """LaTeX's mathematics."""

    def constant(self, value: float) -> str:
        mantissa, has_exponent, exponent = number_text(value).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if has_exponent else mantissa

    def label(self, text: str) -> str:
        numbered = _NUMBERED.fullmatch(text)
        if numbered is None:
            return rf"\text{{{escaped(text)}}}"
        letter, digits = numbered.groups()
        return f"{letter}_{{{digits}}}" if digits else letter

    def negative(self, operand: str) -> str:
        return f"-{operand}"

    def joined(self, operator: str, left: str, right: str) -> str:
        if operator != "*":
            return f"{left} {operator} {right}"
        return rf"{left} \cdot {right}" if right[0].isdigit() else rf"{left} \, {right}"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def raised(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def root(self, inner: str) -> str:
        return rf"\sqrt{{{inner}}}"

    def magnitude(self, inner: str) -> str:
        return rf"\left|{inner}\right|"

    def applied(self, function: str, inner: str) -> str:
        return f"{_COMMANDS[function]}{self.parenthesized(inner)}"

    def parenthesized(self, piece: str) -> str:
        return rf"\left({piece}\right)"


def latex(node: Node, labels: Mapping[str, str]) -> str:
    r"""Gives an expression as LaTeX mathematics, without dollar signs.

    Args:
        labels: symbol -> the name to show, any text; a symbol that is not in it is shown itself.

    >>> from kan.symbolic.grammar import parse
    >>> print(latex(parse("sqrt(x1)/(2*e1)").root, {"e1": "a_b"}))
    \frac{\sqrt{x_{1}}}{2 \, \text{a\_b}}
    """
    return LatexPrinter(labels).printed(node)


def escaped(name: str) -> str:
    """Gives a name as LaTeX text: no character of it is a command, control characters are spaces."""
    return "".join(_ESCAPES.get(character, character if character.isprintable() else " ") for character in name)
