"""Sums and products in one normal form: constants folded, zeros and ones dropped, equal terms merged.

The value stays what it was but for rounding, wherever the expression was finite. Nothing is ever divided out, and no
function is cancelled by its inverse, for both would change where the expression is defined. Time is linear in the size.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

from kan.symbolic.grammar import Binary, Call, Constant, Expression, Negative, Node, Variable
from kan.symbolic.products import chained, is_tame, product, split

ZERO, ONE = Constant(0.0), Constant(1.0)
# exp(x + c) becomes exp(c) * exp(x) for no larger c: neither factor then comes near overflow by it.
MAX_EXPONENT_SHIFT = 30.0
# A sum of coefficients so small beside them is what rounding left of 0.
CANCELLED = 1e-15
ODD = frozenset(("sin", "tan", "tanh", "sinh", "arcsin", "arctan", "arctanh", "sgn"))
EVEN = frozenset(("cos", "cosh", "gaussian", "j0", "abs"))


def simplified(node: Node) -> Node:
    """Gives the normal form of an expression."""
    match node:
        case Negative(operand):
            return multiplied(Constant(-1.0), simplified(operand))
        case Binary("+", left, right):
            return added(simplified(left), simplified(right))
        case Binary("-", left, right):
            return added(simplified(left), multiplied(Constant(-1.0), simplified(right)))
        case Binary("*", left, right):
            return multiplied(simplified(left), simplified(right))
        case Binary(operator, left, right):
            return product(*split(_folded(Binary(operator, simplified(left), simplified(right)))))
        case Call(function, argument):
            return called(function, simplified(argument))
        case _:
            return node


def added(*nodes: Node) -> Node:
    """Gives the normal form of a sum of normal forms: one term for each different factor, the constant behind."""
    return _sum([term for node in nodes for term in terms(node)])


def multiplied(*nodes: Node) -> Node:
    """Gives the normal form of a product of normal forms: the constant first, equal factors as powers."""
    whole = chained("*", list(nodes))
    return product(*split(whole))


def called(function: str, argument: Node) -> Node:
    """Gives the normal form of a function of a normal form."""
    if isinstance(argument, Constant):
        return _folded(Call(function, argument))
    parts = list(terms(argument))
    if function in ODD | EVEN and parts[0][0] < 0:
        flipped = called(function, added(multiplied(Constant(-1.0), argument)))
        return flipped if function in EVEN else multiplied(Constant(-1.0), flipped)
    if function in ("abs", "sqrt", "sgn") and len(parts) == 1 and parts[0][0] > 0 and parts[0][1] != ONE:
        factor = _folded(Call(function, Constant(parts[0][0])))
        return multiplied(factor, Call(function, parts[0][1]))
    if function == "exp":
        shift = sum(coefficient for coefficient, node in parts if node == ONE)
        if 0.0 < abs(shift) <= MAX_EXPONENT_SHIFT:
            rest = _sum([part for part in parts if part[1] != ONE])
            return multiplied(_folded(Call("exp", Constant(shift))), Call("exp", rest))
    return Call(function, argument)


def substituted(node: Node, replacements: Mapping[str, Node]) -> Node:
    """Gives the expression with some variables replaced, otherwise as it is."""
    match node:
        case Variable(name):
            return replacements.get(name, node)
        case Negative(operand):
            return Negative(substituted(operand, replacements))
        case Binary(operator, left, right):
            return Binary(operator, substituted(left, replacements), substituted(right, replacements))
        case Call(function, argument):
            return Call(function, substituted(argument, replacements))
        case _:
            return node


def terms(node: Node, factor: float = 1.0) -> Iterator[tuple[float, Node]]:
    """Gives the terms of a sum, each as a coefficient and what it multiplies; 1 stands for the constant."""
    match node:
        case Constant(value) if isfinite(factor * value):
            yield factor * value, ONE
        case Negative(operand):
            yield from terms(operand, -factor)
        case Binary("+", left, right):
            yield from terms(left, factor)
            yield from terms(right, factor)
        case Binary("-", left, right):
            yield from terms(left, factor)
            yield from terms(right, -factor)
        case Binary():
            coefficient, above, below = split(node)
            rest = product(1.0, above, below)
            if not is_tame(factor * coefficient):
                yield factor, node
            elif rest != node and isinstance(rest, Binary) and rest.operator in "+-":
                yield from terms(rest, factor * coefficient)
            else:
                yield factor * coefficient, rest
        case _:
            yield factor, node


def _sum(parts: Iterable[tuple[float, Node]]) -> Node:
    totals: dict[Node, float] = {}
    sizes: dict[Node, float] = {}
    for coefficient, node in parts:
        totals[node] = totals.get(node, 0.0) + coefficient
        sizes[node] = sizes.get(node, 0.0) + abs(coefficient)
    constant = totals.pop(ONE, 0.0)
    kept = [(total, node) for node, total in totals.items() if abs(total) > CANCELLED * sizes[node]]
    if constant != 0.0 or not kept:
        kept.append((constant, ONE))
    # A minus in front only where every term has one.
    leader = next((place for place, (total, _) in enumerate(kept) if total > 0), 0)
    kept.insert(0, kept.pop(leader))
    scaled = [_times(abs(total), node) for total, node in kept[1:]]
    return chained("+", [_times(*kept[0]), *scaled], [False, *(total < 0 for total, _ in kept[1:])])


def _times(number: float, node: Node) -> Node:
    own, above, below = split(node)
    if own == 1.0 or abs(number) == 1.0:
        return product(number * own, above, below)
    # A number that is pulled into no other, for it is near overflow.
    return product(number, {node: 1}, {})


def _folded(node: Node) -> Node:
    """Gives the number that an expression of numbers has, if it is finite; else the expression."""
    match node:
        case Call(_, Constant()) | Binary(_, Constant(), Constant()):
            value = float(Expression("", node, (), 0).evaluate({}))
            return Constant(value) if isfinite(value) else node
        case _:
            return node
