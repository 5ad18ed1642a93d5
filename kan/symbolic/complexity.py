"""How much there is to read in an expression: one number, by which formulas are ranked."""

from collections.abc import Iterator, Mapping

from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.grammar import Binary, Call, Negative, Node

# Functions of the grammar that no edge has; both are made of two exponentials.
UNLISTED: Mapping[str, int] = {"sinh": 3, "cosh": 3}


def complexity(node: Node) -> int:
    """Gives the number of nodes, a function counting as its complexity in the library; a minus sign is free.

    >>> from kan.symbolic.grammar import parse
    >>> complexity(parse("2*sin(x1) - x2").root)
    7
    """
    return sum(_weight(part) for part in parts(node))


def size(node: Node) -> int:
    """Gives the number of nodes."""
    return sum(1 for _ in parts(node))


def parts(node: Node) -> Iterator[Node]:
    """Gives every node of a tree, the root first."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Negative(operand) | Call(argument=operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += [right, left]


def _weight(node: Node) -> int:
    if isinstance(node, Negative):
        return 0
    if isinstance(node, Call):
        return UNLISTED[node.function] if node.function in UNLISTED else FUNCTIONS[node.function].complexity
    return 1
