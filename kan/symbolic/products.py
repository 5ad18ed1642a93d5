"""An expression as a product: a number, factors above and factors below the fraction bar, each with its power."""

from collections.abc import Sequence
from math import log

from kan.symbolic.grammar import Binary, Constant, Negative, Node

Powers = dict[Node, int]

# Longer chains are nested in groups, so that no tree is ever deep enough to stop a recursion.
GROUP = 50
MAX_POWER = 64
# Constants are only pulled together while far from overflow and underflow, which a factor elsewhere might undo.
SMALLEST, LARGEST = 1e-100, 1e100
MAX_LOGARITHM = log(LARGEST)


def is_tame(number: float) -> bool:
    """Says whether a number is far from overflow and underflow."""
    return number == 0.0 or SMALLEST < abs(number) < LARGEST


def split(node: Node) -> tuple[float, Powers, Powers]:
    """Gives the number, the factors above and the factors below; `product` puts them together again."""
    match node:
        case Constant(value):
            return value, {}, {}
        case Negative(operand):
            number, above, below = split(operand)
            return -number, above, below
        case Binary("*", left, right):
            return _joined(node, split(left), split(right))
        case Binary("/", left, right):
            number, above, below = split(right)
            inverse = 1.0 / number if number != 0.0 else 0.0
            return _joined(node, split(left), (inverse, below, above))
        case Binary("**", base, Constant(exponent)) if exponent.is_integer() and 0 < abs(exponent) <= MAX_POWER:
            return _raised(node, split(base), int(exponent))
        case _:
            return 1.0, {node: 1}, {}


def product(number: float, above: Powers, below: Powers) -> Node:
    """Gives number * above / below as a tree: 0 alone, 1 not written."""
    if number == 0.0:
        return Constant(0.0)
    factors = [_power(base, exponent) for base, exponent in above.items()]
    if not factors:
        factors = [Constant(number)]
    elif number == -1.0:
        factors[0] = Negative(factors[0])
    elif number != 1.0:
        factors.insert(0, Constant(number))
    numerator = chained("*", factors)
    if not below:
        return numerator
    return Binary("/", numerator, chained("*", [_power(base, exponent) for base, exponent in below.items()]))


def chained(operator: str, nodes: Sequence[Node], is_inverse: Sequence[bool] = ()) -> Node:
    """Gives a + b - c … or a * b …, from left to right, more than 50 in groups.

    Args:
        operator: "+" or "*".
        nodes: at least one.
        is_inverse: which of the terms are subtracted; not the first one.
    """
    signs = list(is_inverse) or [False] * len(nodes)
    if len(nodes) > GROUP:
        starts = range(0, len(nodes), GROUP)
        groups = [chained(operator, *_group(nodes, signs, start)) for start in starts]
        return chained(operator, groups)
    total = nodes[0]
    for node, is_less in zip(nodes[1:], signs[1:], strict=True):
        total = Binary("-" if is_less else operator, total, node)
    return total


def _group(nodes: Sequence[Node], signs: Sequence[bool], start: int) -> tuple[list[Node], list[bool]]:
    """Gives one group of a chain; the sign of its first term moves into the term."""
    part, part_signs = list(nodes[start : start + GROUP]), list(signs[start : start + GROUP])
    if part_signs[0]:
        number, above, below = split(part[0])
        part[0], part_signs[0] = product(-number, above, below), False
    return part, part_signs


def _joined(
    node: Node, left: tuple[float, Powers, Powers], right: tuple[float, Powers, Powers]
) -> tuple[float, Powers, Powers]:
    number = left[0] * right[0]
    is_safe = is_tame(number) or 1.0 in (abs(left[0]), abs(right[0]))
    is_division = isinstance(node, Binary) and node.operator == "/"
    # Two numbers that are not 0 and whose product is: a division by 0, or an underflow.
    is_lost = number == 0.0 and left[0] != 0.0 and (is_division or right[0] != 0.0)
    if is_lost or not is_safe:
        return 1.0, {node: 1}, {}
    return number, _merged(left[1], right[1]), _merged(left[2], right[2])


def _raised(node: Node, base: tuple[float, Powers, Powers], exponent: int) -> tuple[float, Powers, Powers]:
    number, above, below = base if exponent > 0 else (1.0 / base[0] if base[0] else 0.0, base[2], base[1])
    times = abs(exponent)
    # 0 is what cannot be written before the fraction; a power beyond the largest float would raise.
    number = number**times if is_tame(number) and abs(log(abs(number) or 1.0)) * times < MAX_LOGARITHM else 0.0
    powers = [{factor: power * times for factor, power in factors.items()} for factors in (above, below)]
    is_too_high = any(power > MAX_POWER for factors in powers for power in factors.values())
    if number == 0.0 or not is_tame(number) or is_too_high:
        return 1.0, {node: 1}, {}
    return number, powers[0], powers[1]


def _merged(first: Powers, second: Powers) -> Powers:
    merged = dict(first)
    for base, power in second.items():
        merged[base] = merged.get(base, 0) + power
    return merged


def _power(base: Node, exponent: int) -> Node:
    return base if exponent == 1 else Binary("**", base, Constant(float(exponent)))
