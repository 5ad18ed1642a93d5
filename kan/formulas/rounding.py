"""Fewer digits in a formula, as few as the data allow: the difference is measured on given rows and told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kan.errors import InvalidConfig
from kan.formulas.formula import Formula
from kan.state import Array
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node

# The root mean square of the difference, in standard deviations of the output.
TOLERANCE = 1e-3
# So many digits tell every float64 apart.
ALL_DIGITS = 17


@dataclass(frozen=True)
class RoundedFormula:
    """A formula with short numbers, and what that costs.

    Attributes:
        formula: with numbers of `digits` significant digits.
        digits: how many were needed; 17 = nothing was rounded.
        max_difference, rms_difference: from the exact formula on the given rows, in the units of the output.
    """

    formula: Formula
    digits: int
    max_difference: float
    rms_difference: float


def rounded(
    formula: Formula, columns: Mapping[str, Array], digits: int, y: Array | None = None, *, hidden: float = 0.0
) -> RoundedFormula:
    """Gives the formula with fewer digits, one more at a time until the rows' values change by no more than 1e-3 std.

    Args:
        formula: the exact one.
        columns: symbol -> (rows,) of some rows, as `variable_columns` gives them.
        digits: the fewest significant digits, 1 to 17.
        y: (rows,) the target, whose standard deviation is the measure; without it that of the formula is.
        hidden: root mean square by which the values may change where that is more.

    Raises:
        InvalidConfig: no such number of digits.
    """
    if not 1 <= digits <= ALL_DIGITS:
        raise InvalidConfig("digits", f"expected 1 to {ALL_DIGITS}")
    exact = formula.evaluate(columns)
    limit = max(TOLERANCE * _std(exact if y is None else np.asarray(y, dtype=np.float64)), hidden)
    for tried in range(digits, ALL_DIGITS):
        shorter = replace(formula, root=with_digits(formula.root, tried))
        largest, rms = difference(exact, shorter.evaluate(columns))
        if rms <= limit:
            return RoundedFormula(shorter, tried, largest, rms)
    return RoundedFormula(formula, ALL_DIGITS, 0.0, 0.0)


def with_digits(node: Node, digits: int) -> Node:
    """Gives an expression with its numbers rounded to so many significant digits."""
    match node:
        case Constant(value):
            short = float(f"{value:.{digits}g}")
            # The largest floats would be rounded up to infinity.
            return Constant(short if np.isfinite(short) else value)
        case Negative(operand):
            return Negative(with_digits(operand, digits))
        case Call(function, argument):
            return Call(function, with_digits(argument, digits))
        case Binary("**", base, exponent):
            return Binary("**", with_digits(base, digits), with_digits(exponent, digits))
        case Binary(operator, left, right):
            return _shortest(operator, with_digits(left, digits), with_digits(right, digits))
        case _:
            return node


def _shortest(operator: str, left: Node, right: Node) -> Node:
    """Leaves a factor out that was rounded to 1."""
    match operator, left:
        case "*", Constant(1.0):
            return right
        case "*", Constant(-1.0) if not isinstance(right, Binary):
            return Negative(right)
        case _:
            return Binary(operator, left, right)


def difference(exact: Array, other: Array) -> tuple[float, float]:
    """Gives the largest and the root mean square difference where the exact values are finite; infinite without any."""
    finite = np.isfinite(exact)
    if not finite.any():
        return np.inf, np.inf
    with np.errstate(all="ignore"):
        apart = np.abs(other[finite] - exact[finite])
    apart[np.isnan(apart)] = np.inf
    largest = float(apart.max())
    # In units of the largest, so that no square overflows or vanishes.
    return largest, largest * float(np.sqrt(np.mean((apart / largest) ** 2))) if 0 < largest < np.inf else largest


def _std(values: Array) -> float:
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max(initial=0.0))
    return largest * float((finite / largest).std()) if largest else 0.0
