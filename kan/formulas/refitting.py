"""The constants of an expression, fitted again by least squares; exponents stay as they are."""

from collections.abc import Iterator, Mapping

import numpy as np

from kan.state import Array
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node, Variable

STEPS = 12
# A gain that is so small a share of the squared error counts as none.
SETTLED = 1e-9
FIRST_DAMPING, LARGEST_DAMPING = 1e-3, 1e6
# Keeps a matrix regular in which a constant does nothing.
TINY = 1e-30


def refitted(node: Node, columns: Mapping[str, Array], y: Array, steps: int = STEPS) -> Node:
    """Gives the expression with constants that leave the least squared error, from those that it has.

    Args:
        node: an expression; where it has no value in some row, it is given back as it is.
        columns: symbol -> (rows,).
        y: (rows,) what it should be.
        steps: of Levenberg-Marquardt, failed ones counted.
    """
    values = np.array(list(_constants(node)))
    if not len(values):
        return node
    with np.errstate(all="ignore"):
        found, slopes = _with_slopes(node, columns, len(y))
        error, damping = _squares(found - y), FIRST_DAMPING
        for _ in range(steps):
            if not (np.isfinite(error) and np.isfinite(slopes).all()) or damping > LARGEST_DAMPING:
                break
            trial = values - _step(slopes, found - y, damping)
            found_there, slopes_there = _with_slopes(_replaced(node, iter(trial)), columns, len(y))
            error_there = _squares(found_there - y)
            if not error_there < error:
                damping *= 10
                continue
            is_settled = error - error_there <= SETTLED * error
            values, found, slopes, error, damping = trial, found_there, slopes_there, error_there, damping / 10
            if is_settled:
                break
    return _replaced(node, iter(values))


def _step(slopes: Array, residual: Array, damping: float) -> Array:
    matrix = slopes.T @ slopes
    diagonal = np.diag(matrix)
    return np.asarray(
        np.linalg.solve(matrix + np.diag(damping * diagonal + TINY + (diagonal == 0)), slopes.T @ residual)
    )


def _squares(residual: Array) -> float:
    return float(residual @ residual)


def _constants(node: Node) -> Iterator[float]:
    match node:
        case Constant(value):
            yield value
        case Negative(operand) | Call(argument=operand) | Binary("**", operand, Constant()):
            yield from _constants(operand)
        case Binary(_, left, right):
            yield from _constants(left)
            yield from _constants(right)


def _replaced(node: Node, values: Iterator[float]) -> Node:
    match node:
        case Constant():
            return Constant(float(next(values)))
        case Negative(operand):
            return Negative(_replaced(operand, values))
        case Call(function, argument):
            return Call(function, _replaced(argument, values))
        case Binary("**", base, Constant() as exponent):
            return Binary("**", _replaced(base, values), exponent)
        case Binary(operator, left, right):
            return Binary(operator, _replaced(left, values), _replaced(right, values))
        case _:
            return node


def _with_slopes(node: Node, columns: Mapping[str, Array], rows: int) -> tuple[Array, Array]:
    """Gives (rows,) values and (rows, constants) derivatives, constants in the order of `_constants`."""
    match node:
        case Constant(number):
            return np.full(rows, number), np.ones((rows, 1))
        case Variable(name):
            return np.asarray(columns[name], dtype=np.float64), np.empty((rows, 0))
        case Negative(operand):
            value, slopes = _with_slopes(operand, columns, rows)
            return -value, -slopes
        case Call(function, argument):
            value, slopes = _with_slopes(argument, columns, rows)
            return _applied(Call(function, Variable("u")), value), slopes * _slope(function, value)[:, None]
        case Binary("**", base, Constant(exponent)):
            value, slopes = _with_slopes(base, columns, rows)
            return value**exponent, slopes * (exponent * value ** (exponent - 1.0))[:, None]
        case Binary(operator, left, right):
            return _joined(operator, *_with_slopes(left, columns, rows), *_with_slopes(right, columns, rows))


def _joined(operator: str, u: Array, u_slopes: Array, v: Array, v_slopes: Array) -> tuple[Array, Array]:
    value = _applied(Binary(operator, Variable("u"), Variable("v")), u, v)
    by_u, by_v = {
        "+": (np.ones_like(u), np.ones_like(v)),
        "-": (np.ones_like(u), -np.ones_like(v)),
        "*": (v, u),
        "/": (1.0 / v, -u / v**2),
        "**": (v * u ** (v - 1.0), value * np.log(u)),
    }[operator]
    return value, np.hstack([u_slopes * by_u[:, None], v_slopes * by_v[:, None]])


def _applied(node: Node, u: Array, v: Array | None = None) -> Array:
    return Expression("", node, (), 0).evaluate({"u": u} if v is None else {"u": u, "v": v})


def _slope(function: str, u: Array) -> Array:
    """Gives a function's derivative; no edge has sinh or cosh, so that the library has not theirs."""
    if function in ("sinh", "cosh"):
        return np.asarray(np.cosh(u) if function == "sinh" else np.sinh(u))
    return FUNCTIONS[function].slope(u)
