"""A formula without what the noise of its rows hides: parts that hardly vary, offsets next to 0, factors next to 1."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from kan.formulas.formula import Formula
from kan.formulas.negligible import held_together
from kan.formulas.rounding import difference
from kan.state import Array
from kan.symbolic.complexity import complexity, parts, size
from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node
from kan.symbolic.simplifying import simplified, substituted

# Standard errors of one fitted number by which it may be off for being written plainly.
ERRORS = 2.0
# However much noise there is, a formula may change by no more of its own standard deviation: an R2 of 0.9999.
MOST = 0.01
# Each part is tried on all rows, which takes the square of the size: longer formulas stay as they are.
MAX_SIZE = 100


def noise_limit(values: Array, noise: float, rows: int) -> float:
    """Gives how much of a formula noise hides: two standard errors of one number that is fitted to the rows.

    Args:
        values: (n,) of the formula, those that are not finite are left out.
        noise: standard deviation of what the formula leaves of the target.
        rows: that it was fitted to, at least 1.
    """
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(finite.std()) if len(finite) else 0.0
    return min(ERRORS * noise / rows**0.5, MOST * spread) if np.isfinite(spread) else 0.0


def without_hidden(formula: Formula, columns: Mapping[str, Array], limit: float) -> Formula:
    """Gives the formula with parts as their means and numbers as 0 or 1, as long as its values stay close.

    Args:
        formula: as `kan.formulas.negligible.without_negligible` gives it.
        columns: symbol -> (rows,) of some rows, as `variable_columns` gives them.
        limit: root mean square by which all changes together may change the values, as `noise_limit` gives it.
    """
    if not limit > 0 or size(formula.root) > MAX_SIZE:
        return formula
    named, known, kept = held_together(formula.root, columns)
    exact, root, before = _values(named, known), named, None
    while root != before:
        before = root
        root = _plainer(root, known, exact, limit)
    return formula if root == named else replace(formula, root=substituted(root, kept))


def _plainer(root: Node, columns: Mapping[str, Array], exact: Array, limit: float) -> Node:
    """Tries every part once, the largest first: the more goes with it, the less there is to read."""
    for part in sorted(dict.fromkeys(parts(root)), key=size, reverse=True):
        for number in _numbers(part, columns):
            trial = simplified(_with(root, part, Constant(number)))
            is_plainer = complexity(trial) < complexity(root)
            if is_plainer and difference(exact, _values(trial, columns))[1] <= limit:
                root = trial
                break
    return root


def _numbers(part: Node, columns: Mapping[str, Array]) -> Iterator[float]:
    """Yields the numbers that a part may be written as."""
    if isinstance(part, Constant):
        yield from (0.0, float(np.copysign(1.0, part.value)))
        return
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(_values(part, columns).mean())
    if np.isfinite(mean):
        yield mean


def _with(node: Node, part: Node, number: Constant) -> Node:
    """Gives an expression with a number wherever it has some part."""
    if node == part:
        return number
    match node:
        case Negative(operand):
            return Negative(_with(operand, part, number))
        case Binary(operator, left, right):
            return Binary(operator, _with(left, part, number), _with(right, part, number))
        case Call(function, argument):
            return Call(function, _with(argument, part, number))
        case _:
            return node


def _values(node: Node, columns: Mapping[str, Array]) -> Array:
    return Expression("", node, (), 0).evaluate(columns)
