"""Expressions as nodes and edges: every node is a sum of edges or a product of such sums, every edge one function.

Powers that the library has not are made of those it has: x**7 = x**5 * x**2, x**2.5 = sqrt(x)**5, and for positive x
x**p = exp(p * log(x)), so that 2**x = exp(x * log(2)) and x**y = exp(y * log(x)).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite, log

from kan.errors import ExpressionError
from kan.symbolic.grammar import Binary, Call, Constant, Negative, Node, Variable

MAX_WHOLE_POWER = 1000
POWERS = {1: "x", 2: "x^2", 3: "x^3", 4: "x^4", 5: "x^5", -1: "1/x", -2: "1/x^2", -3: "1/x^3", -4: "1/x^4", -5: "1/x^5"}


@dataclass(frozen=True)
class Term:
    """One edge: a * function(b * source + c); the function "x" has b = 1 and c = 0."""

    a: float
    function: str
    b: float
    c: float
    source: "Source"


@dataclass(frozen=True)
class Sum:
    """A constant and edges, no two of them from the same source."""

    constant: float
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Product:
    """Two or more sums, multiplied."""

    factors: tuple[Sum, ...]


Source = Variable | Sum | Product


def sum_of(node: Node) -> Sum:
    """Gives an expression as a sum of edges.

    Raises:
        ExpressionError: a division by 0, a power of a negative number, or a number that is not finite.
    """
    match node:
        case Constant(value):
            return Sum(_checked(value))
        case Variable():
            return _edge("x", node)
        case Negative(operand):
            return _scaled(sum_of(operand), -1.0)
        case Binary("+" | "-" as sign, left, right):
            return _added(sum_of(left), _scaled(sum_of(right), 1.0 if sign == "+" else -1.0))
        case Binary("*", left, right):
            return _multiplied(sum_of(left), sum_of(right))
        case Binary("/", left, right):
            return _multiplied(sum_of(left), _whole_power(sum_of(right), -1))
        case Binary(_, base, exponent):
            return _power(sum_of(base), sum_of(exponent))
        case Call(function, argument):
            return _called(function, sum_of(argument))


def column(source: Source) -> int:
    """Gives the first column of nodes in which a source can stand; variables stand in column 0."""
    if isinstance(source, Variable):
        return 0
    factors = source.factors if isinstance(source, Product) else (source,)
    return 1 + max((column(term.source) for factor in factors for term in factor.terms), default=0)


def _edge(function: str, source: Source, b: float = 1.0, c: float = 0.0) -> Sum:
    return Sum(0.0, (Term(1.0, function, b, c, source),))


def _called(function: str, inner: Sum) -> Sum:
    """Gives a function of the grammar; sinh and cosh, which no edge has, by two exponentials."""
    if function not in ("sinh", "cosh"):
        return _applied(function, inner)
    up, down = _applied("exp", inner), _applied("exp", _scaled(inner, -1.0))
    return _added(_scaled(up, 0.5), _scaled(down, 0.5 if function == "cosh" else -0.5))


def _applied(function: str, inner: Sum) -> Sum:
    if function == "x":
        return inner
    if len(inner.terms) == 1 and inner.terms[0].function == "x":
        return _edge(function, inner.terms[0].source, inner.terms[0].a, inner.constant)
    return _edge(function, inner)


def _added(left: Sum, right: Sum) -> Sum:
    merged: dict[Term, float] = {}
    for term in (*left.terms, *right.terms):
        like = replace(term, a=1.0)
        merged[like] = merged.get(like, 0.0) + term.a
    terms = [replace(like, a=a) for like, a in merged.items() if a != 0.0]
    return Sum(_checked(left.constant + right.constant), tuple(_apart(terms)))


def _apart(terms: Iterable[Term]) -> Iterable[Term]:
    """Gives every edge but the first from a source a node of its own: two nodes have one edge between them."""
    seen: set[Source] = set()
    for term in terms:
        while term.source in seen:
            term = Term(term.a, "x", 1.0, 0.0, Sum(0.0, (replace(term, a=1.0),)))
        seen.add(term.source)
        yield term


def _scaled(whole: Sum, factor: float) -> Sum:
    terms = tuple(replace(term, a=_checked(term.a * factor)) for term in whole.terms) if factor else ()
    return Sum(_checked(whole.constant * factor), terms)


def _multiplied(left: Sum, right: Sum) -> Sum:
    if not left.terms:
        return _scaled(right, left.constant)
    if not right.terms:
        return _scaled(left, right.constant)
    return _edge("x", Product((*_factors(left), *_factors(right))))


def _factors(whole: Sum) -> tuple[Sum, ...]:
    """Gives the factors of a sum that is nothing but a product."""
    match whole:
        case Sum(0.0, (Term(1.0, "x", 1.0, 0.0, Product(factors)),)):
            return factors
        case _:
            return (whole,)


def _power(base: Sum, exponent: Sum) -> Sum:
    if not exponent.terms:
        power = exponent.constant
        if power.is_integer() and abs(power) <= MAX_WHOLE_POWER:
            return _whole_power(base, int(power))
        if abs(power) == 0.5:
            return _applied("sqrt" if power > 0 else "1/sqrt", base)
        if (2 * power).is_integer() and abs(power) <= MAX_WHOLE_POWER:
            return _whole_power(_applied("sqrt", base), int(2 * power))
    if base.terms:
        logarithm = _applied("log", base)
    elif base.constant > 0:
        logarithm = Sum(log(base.constant))
    else:
        raise ExpressionError(f"a power of {base.constant:g} is no number for most exponents")
    return _applied("exp", _multiplied(exponent, logarithm))


def _whole_power(base: Sum, power: int) -> Sum:
    if not base.terms:
        return Sum(_checked(_number_power(base.constant, power)))
    if power == 0:
        return Sum(1.0)
    if power in POWERS:
        return _applied(POWERS[power], base)
    if power < 0:
        return _applied("1/x", _whole_power(base, -power))
    fifths, rest = divmod(power, 5)
    return _multiplied(_applied("x^5", _whole_power(base, fifths)), _whole_power(base, rest))


def _number_power(base: float, power: int) -> float:
    try:
        return float(base**power)
    except (ZeroDivisionError, OverflowError):
        return float("inf")


def _checked(number: float) -> float:
    if not isfinite(number):
        raise ExpressionError("a number in it is not finite, or it divides by 0")
    return number
