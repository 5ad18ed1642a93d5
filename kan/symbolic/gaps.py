"""Where an expression has no value: the parts whose operand leaves what they are defined for, over some rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kan.symbolic.functions import FUNCTIONS, POLE_MARGIN, Array, Domain
from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node

_NOT_ZERO = Domain(poles=(0.0,))
_NOT_NEGATIVE = Domain(low=0.0)
_POSITIVE = Domain(low=0.0, poles=(0.0,))


@dataclass(frozen=True)
class Gap:
    """A part that has no value for some of what its operand is.

    Attributes:
        part: such as log(x1 - 2).
        operand: such as x1 - 2.
        low, high: what the operand runs over.
        touches: whether it comes to the border only, to a thousandth of what it runs over.
    """

    part: Node
    operand: Node
    low: float
    high: float
    touches: bool


def gaps(root: Node, columns: Mapping[str, Array]) -> list[Gap]:
    """Gives the parts that have no value somewhere between the rows, the innermost first.

    A continuous operand takes every value between its least and its largest one: a pole that lies between two rows is
    found, though no row meets it.

    Args:
        root: the expression.
        columns: symbol -> (rows,) that lie in one box, its corners among them.
    """
    with np.errstate(all="ignore"):
        return [gap for part, operand, domain in _limited(root) if (gap := _gap(part, operand, domain, columns))]


def is_total(root: Node) -> bool:
    """Says whether an expression has a value everywhere, as far as floats go."""
    return all(isinstance(part, Call) and part.function == "exp" for part, _, _ in _limited(root))


def _limited(node: Node) -> Iterator[tuple[Node, Node, Domain]]:
    """Yields the parts that are not defined everywhere, with their operands and what these may be."""
    match node:
        case Negative(operand):
            yield from _limited(operand)
        case Call(function, argument):
            yield from _limited(argument)
            if function in FUNCTIONS and FUNCTIONS[function].domain != Domain():
                yield node, argument, FUNCTIONS[function].domain
        case Binary(operator, left, right):
            yield from _limited(left)
            yield from _limited(right)
            if operator == "/":
                yield node, right, _NOT_ZERO
            elif operator == "**" and (domain := _base_domain(right)) != Domain():
                yield node, left, domain
        case _:
            return


def _base_domain(exponent: Node) -> Domain:
    match exponent:
        case Constant(value) if value.is_integer():
            return Domain() if value >= 0 else _NOT_ZERO
        case Constant(value):
            return _NOT_NEGATIVE if value >= 0 else _POSITIVE
        case Negative(Constant(value)):
            return _base_domain(Constant(-value))
        case _:
            return _NOT_NEGATIVE


def _gap(part: Node, operand: Node, domain: Domain, columns: Mapping[str, Array]) -> Gap | None:
    values = Expression("", operand, (), 0).evaluate(columns)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    margin = POLE_MARGIN * (high - low)
    if domain.contains(low, high) and (not domain.poles or domain.clears(low - margin, high + margin)):
        return None
    is_inside = low + margin < high - margin and domain.contains(low + margin, high - margin)
    return Gap(part, operand, low, high, touches=is_inside)
