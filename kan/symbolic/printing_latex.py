"""Expressions as LaTeX (amsmath); names of columns are text in it, never commands."""

import re
from collections.abc import Mapping

from kan.symbolic.grammar import Binary, Call, Constant, Node
from kan.symbolic.printing import Binding, Printer, number_text

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


class MathPrinter(Printer[str]):
    """LaTeX's mathematics, fractions and roots drawn as such."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def binding(self, node: Node) -> Binding:
        """Fractions hold together, but not under a power; nor do functions."""
        match node:
            case Constant(value) if "e" in number_text(value) and value > 0:
                return Binding.PRODUCT
            case Call("abs") | Call("sqrt"):
                return Binding.ATOM
            case Call() | Binary("/"):
                return Binding.POWER
            case _:
                return super().binding(node)

    def constant(self, value: float) -> str:
        mantissa, has_exponent, exponent = number_text(value).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if has_exponent else mantissa

    def variable(self, name: str) -> str:
        label = self._labels.get(name, name)
        numbered = _NUMBERED.fullmatch(label)
        if numbered is None:
            return rf"\text{{{escaped(label)}}}"
        letter, digits = numbered.groups()
        return f"{letter}_{{{digits}}}" if digits else letter

    def negative(self, operand: str) -> str:
        return f"-{operand}"

    def joined(self, operator: str, left: str, right: str) -> str:
        if operator != "*":
            return f"{left} {operator} {right}"
        return rf"{left} \cdot {right}" if right[0].isdigit() else rf"{left} \, {right}"

    def quotient(self, above: Node, below: Node) -> str:
        return rf"\frac{{{self.printed(above)}}}{{{self.printed(below)}}}"

    def power(self, base: Node, exponent: Node) -> str:
        return f"{{{self.within(base, Binding.ATOM)}}}^{{{self.printed(exponent)}}}"

    def call(self, function: str, argument: Node) -> str:
        inner = self.printed(argument)
        if function == "sqrt":
            return rf"\sqrt{{{inner}}}"
        if function == "abs":
            return rf"\left|{inner}\right|"
        if function == "gaussian":
            return rf"\exp\left(-{self.power(argument, Constant(2.0))}\right)"
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
    return MathPrinter(labels).printed(node)


def escaped(name: str) -> str:
    """Gives a name as LaTeX text: no character of it is a command, control characters are spaces."""
    return "".join(_ESCAPES.get(character, character if character.isprintable() else " ") for character in name)
