"""Functions that people write: an expression of x in the closed grammar is a function as those of the library are.

Its text is its name, so that a network which has it on an edge needs nothing else to be read again.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kan.errors import ExpressionError
from kan.symbolic.complexity import parts
from kan.symbolic.functions import FUNCTIONS, Domain, Function
from kan.symbolic.gaps import gaps, is_total
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable, parse
from kan.symbolic.printing import text
from kan.symbolic.simplifying import simplified, substituted
from kan.symbolic.slopes import value_and_slope
from kan.symbolic.sums import sum_of

ARGUMENT = Variable("x")
MAX_LENGTH = 500
# Of a range in which a function has to be defined.
SAMPLES = 65


def function_named(name: str) -> Function:
    """Gives a function of the library by its name, or the one that an expression of x is.

    Raises:
        ExpressionError: it is neither.
    """
    return FUNCTIONS[name] if name in FUNCTIONS else _written(name)


def is_written(name: str) -> bool:
    """Says whether a function is an expression and none of the library's."""
    return name not in FUNCTIONS


def written(expression: str) -> str:
    """Gives the name of the function that an expression of one variable is: its text, of x.

    >>> written("t * exp(-2*t)")
    'x*exp(-2*x)'

    Raises:
        ExpressionError: no expression, none of exactly one variable, or one that the library cannot make up.
    """
    parsed = parse(expression)
    if len(parsed.variables) != 1:
        found = ", ".join(parsed.variables) or "none"
        raise ExpressionError(f"expected an expression of one variable, such as x*exp(-x); its variables are {found}")
    name = text(simplified(substituted(_of_exponentials(parsed.root), {parsed.variables[0]: ARGUMENT})))
    check_made_of_library(name)
    return name


def check_made_of_library(name: str) -> None:
    """Refuses an expression of x that no edges of the library make up: kernels and exports would not have it.

    Raises:
        ExpressionError: such as 0**x, or no expression of x at all.
    """
    sum_of(written_root(name))


@lru_cache(maxsize=1000)
def written_root(name: str) -> Node:
    """Gives the tree of a function that is written as an expression of x; numbers in it are pulled together.

    Raises:
        ExpressionError: no expression of x, or one with a part that is a number and not finite.
    """
    if not 0 < len(name) <= MAX_LENGTH:
        raise ExpressionError(f"expected at most {MAX_LENGTH} characters, got {len(name)}")
    parsed = parse(name)
    if parsed.variables != (ARGUMENT.name,):
        raise ExpressionError("its only variable must be x")
    root = simplified(_of_exponentials(parsed.root))
    for part in parts(root):
        is_number = not any(isinstance(leaf, Variable) for leaf in parts(part))
        if is_number and not isinstance(part, Constant):
            raise ExpressionError(f"{text(part)} is no finite number")
    if not isinstance(root, Variable) and ARGUMENT in parts(root):
        return root
    raise ExpressionError("expected an expression that is more than x, or than a number")


def complexity_of(root: Node) -> int:
    """Gives 1 for x and 1 more for every operation, a function in it as the library counts it."""
    calls = sum(FUNCTIONS[part.function].complexity - 1 for part in parts(root) if isinstance(part, Call))
    return 1 + calls + sum(isinstance(part, Binary) for part in parts(root))


@lru_cache(maxsize=1000)
def _written(name: str) -> Function:
    root = written_root(name)
    return Function(
        value=lambda x: value_and_slope(root, x, FUNCTIONS)[0],
        slope=lambda x: value_and_slope(root, x, FUNCTIONS)[1],
        text=name,
        complexity=complexity_of(root),
        domain=Domain() if is_total(root) else _SampledDomain(root=root),
    )


@dataclass(frozen=True)
class _SampledDomain(Domain):
    """Where an expression has a value, looked up on the range that is asked about."""

    root: Node = ARGUMENT

    def contains(self, low: float, high: float) -> bool:
        """Says whether the expression has values between, and all over its parts."""
        return low <= high and not gaps(self.root, {ARGUMENT.name: np.linspace(low, high, SAMPLES)})

    def clears(self, low: float, high: float) -> bool:
        """Says the same: a pole is where some part has no value."""
        return self.contains(low, high)


def _of_exponentials(node: Node) -> Node:
    """Gives the expression with sinh and cosh, which no edge has, made of two exponentials."""
    match node:
        case Negative(operand):
            return Negative(_of_exponentials(operand))
        case Binary(operator, left, right):
            return Binary(operator, _of_exponentials(left), _of_exponentials(right))
        case Call("sinh" | "cosh" as function, argument):
            inner = _of_exponentials(argument)
            both = Binary("+" if function == "cosh" else "-", Call("exp", inner), Call("exp", Negative(inner)))
            return Binary("/", both, Constant(2.0))
        case Call(function, argument):
            return Call(function, _of_exponentials(argument))
        case _:
            return node
