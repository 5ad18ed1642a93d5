"""Random expressions, and an evaluator of their text that shares nothing with the project but the definitions."""

import ast
import math
from collections.abc import Callable, Mapping

from hypothesis import strategies as st
from scipy import special

from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable

NAMES = ("x1", "x2", "age")
CALLS: Mapping[str, Callable[[float], float]] = {
    **{name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh")},
    **{f"arc{name}": getattr(math, f"a{name}") for name in ("sin", "cos", "tan", "tanh")},
    "abs": abs,
    "sgn": lambda x: math.copysign(1.0, x) if x else 0.0,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0,
    "gaussian": lambda x: math.exp(-x * x),
    "j0": lambda x: float(special.j0(x)),
}

constants = st.one_of(
    st.integers(-3, 9).map(float), st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: float(f"{x:.4g}") + 0.0)
)
leaves: st.SearchStrategy[Node] = st.one_of(constants.map(Constant), st.sampled_from(NAMES).map(Variable))


def trees(max_leaves: int = 12) -> st.SearchStrategy[Node]:
    """Gives expressions with every operator and function, at most so many leaves."""
    return st.recursive(leaves, _larger, max_leaves=max_leaves)


def independent_value(text: str, values: Mapping[str, float]) -> float:
    """Gives the value of an expression by Python's own rules for its operators; NaN where it has none."""
    try:
        value = _value(ast.parse(text, mode="eval").body, values)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def _larger(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Negative, inner),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
        st.builds(Binary, st.just("**"), inner, st.sampled_from([2.0, 3.0, -1.0, 0.5]).map(Constant)),
        st.builds(Binary, st.just("**"), inner, inner),
        st.builds(Call, st.sampled_from(sorted(CALLS)), inner),
    )


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=operator, right=right):
            return _joined(operator, _value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return CALLS[name](_value(argument, values))
        case _:
            raise AssertionError(ast.dump(node))


def _joined(operator: ast.operator, left: float, right: float) -> float:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case _:
            return math.pow(left, right)
