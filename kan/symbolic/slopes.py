"""The value and the slope of an expression of one variable, on numpy arrays and torch tensors alike."""

from collections.abc import Callable, Mapping
from math import log, nan
from typing import Any, Protocol

from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable


class Differentiable(Protocol):
    """A function of whole arrays."""

    @property
    def value(self) -> Callable[[Any], Any]: ...

    @property
    def slope(self) -> Callable[[Any], Any]: ...


def value_and_slope(node: Node, x: Any, functions: Mapping[str, Differentiable]) -> tuple[Any, Any]:
    """Gives both at x; not finite where the expression has no value.

    Args:
        node: an expression whose parts without a variable are single numbers.
        x: an array or a tensor of any shape; every variable stands for it.
        functions: those of the library for arrays of this kind.

    Returns:
        two arrays of the shape of x; of a number alone the number and None.
    """
    match node:
        case Constant(value):
            return value, None
        case Variable():
            return x, functions["x"].slope(x)
        case Negative(operand):
            u, du = value_and_slope(operand, x, functions)
            return -u, _times(du, -1.0)
        case Call(function, argument):
            u, du = value_and_slope(argument, x, functions)
            return functions[function].value(u), functions[function].slope(u) * du
        case Binary(operator, left, right):
            (u, du), (v, dv) = value_and_slope(left, x, functions), value_and_slope(right, x, functions)
            return _power(u, du, v, dv, functions) if operator == "**" else _joined(operator, u, du, v, dv)


def _joined(operator: str, u: Any, du: Any, v: Any, dv: Any) -> tuple[Any, Any]:
    match operator:
        case "+":
            return u + v, _sum(du, dv)
        case "-":
            return u - v, _sum(du, _times(dv, -1.0))
        case "*":
            return u * v, _sum(_times(du, v), _times(dv, u))
        case _:
            return u / v, _sum(_times(du, 1.0 / v), _times(dv, -u / v**2))


def _power(u: Any, du: Any, v: Any, dv: Any, functions: Mapping[str, Differentiable]) -> tuple[Any, Any]:
    value = u**v
    if dv is None:
        return value, v * u ** (v - 1.0) * du
    if du is None:
        return value, value * (log(u) if u > 0 else nan) * dv
    return value, value * (dv * functions["log"].value(u) + v * du / u)


def _sum(first: Any, second: Any) -> Any:
    """Gives the sum of two slopes; None is that of a number, which times infinity would not be 0."""
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _times(slope: Any, factor: Any) -> Any:
    return None if slope is None else slope * factor
