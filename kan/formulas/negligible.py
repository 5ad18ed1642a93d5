"""A formula without the terms that rounding left in it: what is tiny beside its sum on given rows is dropped."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product as choices
from math import prod

import numpy as np

from kan.formulas.formula import Formula
from kan.formulas.variables import FARTHEST_MIDDLE
from kan.state import Array
from kan.symbolic.complexity import complexity, size
from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node, Variable
from kan.symbolic.products import product, split
from kan.symbolic.simplifying import ONE, added, called, multiplied, simplified, substituted, terms

# What a term may be of its sum, at its largest, to be rounding.
ROUNDING = 1e-12
# The whole may change by so many times that, in standard deviations.
ALLOWED = 100.0
# A product of sums is multiplied out into no more terms, and only where there is little to read anyway.
MAX_TERMS, MAX_SIZE = 16, 200
# No column's symbol begins like this: it stands for a column's distance from a far middle, which stays together.
KEPT = "_kept_"


def without_negligible(formula: Formula, columns: Mapping[str, Array], share: float = ROUNDING) -> Formula:
    """Gives the formula without terms that are next to nothing on the rows; products that get shorter are expanded.

    Args:
        formula: as `kan.formulas.building.formulas` gives it.
        columns: symbol -> (rows,) of some rows, as `variable_columns` gives them.
        share: of its sum that a term may be, at the largest of both over the rows.

    Returns:
        The formula itself where the rest would differ by more than 100 shares of the output's standard deviation.
    """
    named, known, kept = held_together(formula.root, columns)
    root = _cleared(simplified(named), known, share)
    shorter = replace(formula, root=substituted(root, kept))
    return shorter if _is_close(formula.evaluate(columns), shorter.evaluate(columns), ALLOWED * share) else formula


def held_together(root: Node, columns: Mapping[str, Array]) -> tuple[Node, dict[str, Array], dict[str, Node]]:
    """Gives an expression with each distance from a far middle as one variable, so that none is multiplied out.

    Returns:
        the expression; the columns with those of the new variables; and what each of these stands for.
    """
    kept = {f"{KEPT}{number}": node for number, node in enumerate(_distances(root, columns))}
    known = {**columns, **{name: _values(node, columns) for name, node in kept.items()}}
    return _named(root, {node: Variable(name) for name, node in kept.items()}), known, kept


def _distances(node: Node, columns: Mapping[str, Array]) -> dict[Node, None]:
    """Gives the parts that are a column's distance from a middle far from 0: multiplied out, rounding would grow."""
    match node:
        case Binary("+" | "-", Variable(name), Constant(value)):
            is_far = abs(value) > FARTHEST_MIDDLE / 2 * float(np.ptp(columns[name]) / 2 if len(columns[name]) else 0.0)
            return {node: None} if is_far else {}
        case Negative(operand) | Call(argument=operand):
            return _distances(operand, columns)
        case Binary(_, left, right):
            return _distances(left, columns) | _distances(right, columns)
        case _:
            return {}


def _named(node: Node, names: Mapping[Node, Variable]) -> Node:
    match node:
        case Binary(operator, left, right):
            return names.get(node) or Binary(operator, _named(left, names), _named(right, names))
        case Negative(operand):
            return Negative(_named(operand, names))
        case Call(function, argument):
            return Call(function, _named(argument, names))
        case _:
            return node


def _cleared(node: Node, columns: Mapping[str, Array], share: float) -> Node:
    """Gives the normal form of an expression whose parts are cleared first."""
    match node:
        case Call(function, argument):
            return called(function, _cleared(argument, columns, share))
        case Binary("**", base, exponent):
            return simplified(Binary("**", _cleared(base, columns, share), _cleared(exponent, columns, share)))
        case Negative() | Binary():
            parts = [multiplied(Constant(number), _factors(rest, columns, share)) for number, rest in terms(node)]
            return _shortest(parts, columns, share)
        case _:
            return node


def _factors(node: Node, columns: Mapping[str, Array], share: float) -> Node:
    """Clears each factor of a term."""
    _, above, below = split(node)
    if node in above:
        is_whole = isinstance(node, Call) or (isinstance(node, Binary) and node.operator == "**")
        return _cleared(node, columns, share) if is_whole else node
    cleared = [
        (_cleared(base, columns, share), power * sign)
        for powers, sign in ((above, 1), (below, -1))
        for base, power in powers.items()
    ]
    return multiplied(*(Binary("**", base, Constant(float(power))) for base, power in cleared), ONE)


def _shortest(parts: list[Node], columns: Mapping[str, Array], share: float) -> Node:
    """Gives the sum, some of its products multiplied out where that leaves less to read."""
    plain = _without_small(added(*parts), columns, share)
    if size(plain) > MAX_SIZE:
        return plain
    expanded = [_multiplied_out(part) for part in parts]
    open_parts = [place for place, part in enumerate(expanded) if part is not None]
    tried = [plain]
    for opened in [open_parts, *([place] for place in open_parts if len(open_parts) > 1)]:
        both = [expanded[place] if place in opened else part for place, part in enumerate(parts)]
        tried.append(_without_small(added(*(part for part in both if part is not None)), columns, share))
    return min(tried, key=complexity)


def _multiplied_out(node: Node) -> Node | None:
    """Gives a product of sums as a sum of products, None where it is none or has too many."""
    number, above, below = split(node)
    sums = {base: power for base, power in above.items() if isinstance(base, Binary) and base.operator in "+-"}
    if not sums or prod(sum(1 for _ in terms(base)) ** power for base, power in sums.items()) > MAX_TERMS:
        return None
    rest = product(number, {base: power for base, power in above.items() if base not in sums}, below)
    factors = [list(terms(base)) for base, power in sums.items() for _ in range(power)]
    picked = (
        multiplied(rest, *(multiplied(Constant(coefficient), part) for coefficient, part in chosen))
        for chosen in choices(*factors)
    )
    return added(*picked)


def _without_small(node: Node, columns: Mapping[str, Array], share: float) -> Node:
    """Leaves out the terms of a sum that are small beside it."""
    parts = [multiplied(Constant(number), rest) for number, rest in terms(node)]
    least = share * _largest(node, columns)
    kept = [part for part in parts if not _largest(part, columns) < least]
    return added(*kept) if 0 < len(kept) < len(parts) else node


def _largest(node: Node, columns: Mapping[str, Array]) -> float:
    """Gives the largest size of an expression where it has one."""
    values = _values(node, columns)
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if len(finite) else np.inf


def _values(node: Node, columns: Mapping[str, Array]) -> Array:
    return Expression("", node, (), 0).evaluate(columns)


def _is_close(exact: Array, other: Array, limit: float) -> bool:
    """Says whether values differ by less than a share of their standard deviation, wherever there are any."""
    finite = np.isfinite(exact)
    if not finite.any() or not np.isfinite(other[finite]).all():
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        spread, apart = exact[finite].std(), np.abs(other[finite] - exact[finite]).max()
    return bool(np.isfinite(spread) and apart <= limit * spread)
