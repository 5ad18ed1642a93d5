"""Formulas of growing size: from a whole one down to a constant, each time giving up what matters least.

A step replaces a part by its mean, or a function by a straight line of its argument, and fits all constants again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from kan.formulas.refitting import refitted
from kan.state import Array
from kan.symbolic.complexity import complexity, size
from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node, Variable
from kan.symbolic.simplifying import simplified

# Of all replacements so many, the best ones before constants are fitted, are fitted.
REFITTED = 3
# Nodes looked at in all: a front that would cost more ends with the constant.
MAX_WORK = 300_000
# A fit looks at every node so many times.
FIT_WORK = 50
# A function that becomes a line of its argument is written with so many nodes more.
LINE_SIZE = 5
# A step saves at least this part of a formula, so that long ones take no more steps than short ones;
SMALLEST_STEP = 15
# and at most so much, or half of it, so that sizes between are not left out.
LARGEST_STEP = 10


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to fit constants on: symbol -> (rows,), and (rows,) what the formula should be."""

    columns: Mapping[str, Array]
    y: Array


def smaller_formulas(root: Node, rows: Rows, max_work: int = MAX_WORK) -> list[Node]:
    """Gives formulas from the whole one to a constant, each smaller than the one before.

    Args:
        root: the whole formula, given back first as it is.
        rows: on which constants are fitted, and by which parts are chosen; at least one.
        max_work: nodes looked at in all, about 4 µs each.
    """
    found, work = [root], 0
    while not isinstance(found[-1], Constant):
        current, nodes = found[-1], size(found[-1])
        # Every part is tried in the whole formula, and some are fitted.
        work += nodes * nodes + REFITTED * FIT_WORK * nodes
        best = _best(current, list(_replacements(current, rows)), rows) if work <= max_work else None
        found.append(Constant(_mean(rows.y)) if best is None else best)
    return found


def _best(current: Node, candidates: list[Node], rows: Rows) -> Node | None:
    """Gives the replacement that costs least for what it saves, its constants fitted."""
    now = _error(current, rows)
    ranked = sorted(candidates, key=lambda node: _price(current, now, node, rows))[:REFITTED]
    fitted = [simplified(refitted(node, rows.columns, rows.y)) for node in ranked]
    kept = [node for node in (*fitted, *ranked) if complexity(node) < complexity(current)]
    best = min(kept, key=lambda node: _price(current, now, node, rows), default=None)
    return None if best is None or _price(current, now, best, rows) == inf else best


def _price(current: Node, now: float, node: Node, rows: Rows) -> float:
    """Gives by how much the error grows for each unit of complexity saved."""
    return (_error(node, rows) - now) / (complexity(current) - complexity(node))


def _error(node: Node, rows: Rows) -> float:
    """Gives the mean squared error as a share of the variance of y; infinite where there is no value in some row."""
    values = Expression("", node, (), 0).evaluate(rows.columns)
    with np.errstate(all="ignore"):
        error = float(np.mean((values - rows.y) ** 2) / max(rows.y.var(), np.finfo(np.float64).tiny))
    return error if np.isfinite(error) else inf


def _replacements(root: Node, rows: Rows) -> Iterator[Node]:
    """Yields the formula with one part simpler, for every part, if that is less to read by a step."""
    least = size(root) / SMALLEST_STEP
    whole, largest = complexity(root), max(LARGEST_STEP, complexity(root) // 2)
    for node in _with_one_simpler(root, rows):
        if size(root) - size(node) < least - LINE_SIZE:
            continue
        shorter = simplified(node)
        if least <= whole - complexity(shorter) <= largest:
            yield shorter


def _with_one_simpler(node: Node, rows: Rows) -> Iterator[Node]:
    if isinstance(node, Constant):
        return
    values = Expression("", node, (), 0).evaluate(rows.columns)
    if np.isfinite(values).all():
        yield Constant(_mean(values))
    match node:
        case Negative(operand):
            yield from (Negative(simpler) for simpler in _with_one_simpler(operand, rows))
        case Call(function, argument):
            yield from _straight(values, argument, rows)
            yield from (Call(function, simpler) for simpler in _with_one_simpler(argument, rows))
        case Binary("**", base, Constant() as exponent):
            yield from _straight(values, base, rows)
            yield from (Binary("**", simpler, exponent) for simpler in _with_one_simpler(base, rows))
        case Binary(operator, left, right):
            yield from (Binary(operator, simpler, right) for simpler in _with_one_simpler(left, rows))
            yield from (Binary(operator, left, simpler) for simpler in _with_one_simpler(right, rows))
        case Variable():
            return


def _mean(values: Array) -> float:
    """Gives the mean, also of values whose sum no float holds: a power of two, more than there are rows, is exact."""
    return float(np.ldexp(np.ldexp(values, -24).mean(), 24))


def _straight(values: Array, argument: Node, rows: Rows) -> Iterator[Node]:
    """Yields the line of the argument that is nearest to some values."""
    u = Expression("", argument, (), 0).evaluate(rows.columns)
    with np.errstate(all="ignore"):
        slope = float(np.mean((u - u.mean()) * (values - values.mean())) / u.var())
        shift = float(values.mean() - slope * u.mean())
    if np.isfinite(slope) and np.isfinite(shift):
        yield Binary("+", Binary("*", Constant(slope), argument), Constant(shift))
