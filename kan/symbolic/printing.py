"""Expressions as text that the grammar reads back as the same tree; other notations say what they write differently."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import IntEnum
from math import copysign, isfinite
from typing import Generic, TypeVar

from kan.errors import ExpressionError
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable

T = TypeVar("T")


class Binding(IntEnum):
    """How tightly a piece holds together; a piece among tighter ones needs parentheses."""

    SUM = 1
    PRODUCT = 2
    SIGN = 3
    POWER = 4
    ATOM = 5


_OPERATORS: Mapping[str, Binding] = {
    "+": Binding.SUM,
    "-": Binding.SUM,
    "*": Binding.PRODUCT,
    "/": Binding.PRODUCT,
    "**": Binding.POWER,
}


class Printer(ABC, Generic[T]):
    """Writes trees piece by piece, with parentheses where the grammar needs them."""

    def printed(self, node: Node) -> T:
        """Gives the expression in this notation.

        Raises:
            ExpressionError: a number in it is not finite.
        """
        match node:
            case Constant(value):
                if not isfinite(value):
                    raise ExpressionError("a number of the formula is not finite")
                return self.constant(value)
            case Variable(name):
                return self.variable(name)
            case Negative(operand):
                return self.negative(self.within(operand, Binding.POWER))
            case Call(function, argument):
                return self.call(function, argument)
            case Binary("/", left, right):
                return self.quotient(left, right)
            case Binary("**", base, exponent):
                return self.power(base, exponent)
            case Binary(operator, left, right):
                least = _OPERATORS[operator]
                beside = Binding.PRODUCT if least == Binding.SUM else Binding.POWER
                return self.joined(operator, self.within(left, least), self.within(right, beside))

    def within(self, node: Node, least: Binding) -> T:
        """Gives the expression, in parentheses if it holds together less than `least`."""
        piece = self.printed(node)
        return piece if self.binding(node) >= least else self.parenthesized(piece)

    def binding(self, node: Node) -> Binding:
        """Says how tightly the expression holds together in this notation."""
        match node:
            case Constant(value):
                return Binding.SIGN if copysign(1.0, value) < 0 else Binding.ATOM
            case Negative():
                return Binding.SIGN
            case Binary(operator):
                return _OPERATORS[operator]
            case _:
                return Binding.ATOM

    @abstractmethod
    def constant(self, value: float) -> T: ...

    @abstractmethod
    def variable(self, name: str) -> T: ...

    @abstractmethod
    def negative(self, operand: T) -> T: ...

    @abstractmethod
    def joined(self, operator: str, left: T, right: T) -> T:
        """Gives a sum, difference or product."""

    @abstractmethod
    def quotient(self, above: Node, below: Node) -> T: ...

    @abstractmethod
    def power(self, base: Node, exponent: Node) -> T: ...

    @abstractmethod
    def call(self, function: str, argument: Node) -> T: ...

    @abstractmethod
    def parenthesized(self, piece: T) -> T: ...


class TextPrinter(Printer[str]):
    """The grammar's own notation, such as `2*x1**2 - 0.5*sin(x2)`."""

    def constant(self, value: float) -> str:
        return number_text(value)

    def variable(self, name: str) -> str:
        return name

    def negative(self, operand: str) -> str:
        return f"-{operand}"

    def joined(self, operator: str, left: str, right: str) -> str:
        return f"{left}*{right}" if operator == "*" else f"{left} {operator} {right}"

    def quotient(self, above: Node, below: Node) -> str:
        return f"{self.within(above, Binding.PRODUCT)}/{self.within(below, Binding.POWER)}"

    def power(self, base: Node, exponent: Node) -> str:
        return f"{self.within(base, Binding.ATOM)}**{self.within(exponent, Binding.POWER)}"

    def call(self, function: str, argument: Node) -> str:
        return f"{function}({self.printed(argument)})"

    def parenthesized(self, piece: str) -> str:
        return f"({piece})"


def text(node: Node) -> str:
    """Gives an expression as text.

    >>> from kan.symbolic.grammar import parse
    >>> text(parse("(x1 - (2 - x2)) * -3.50 / (2*x1)**2").root)
    '(x1 - (2 - x2))*(-3.5)/(2*x1)**2'
    """
    return TextPrinter().printed(node)


def number_text(value: float) -> str:
    """Gives the shortest decimal that is read back as this float64; whole numbers without a point."""
    is_whole = value.is_integer() and abs(value) < 1e15
    return repr(int(value)) if is_whole and (value or copysign(1.0, value) > 0) else repr(value)
