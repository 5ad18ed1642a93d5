"""A closed grammar for expressions: text becomes a small tree of known names, and nothing in it is ever run as code."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kan.errors import ExpressionError
from kan.symbolic.bessel import bessel

Array = NDArray[np.float64]

MAX_LENGTH = 2000
MAX_NODES = 500
MAX_DEPTH = 100
NO_EXPRESSION = "not an expression: something is missing here or before, such as an operator or an operand"

CONSTANTS: Mapping[str, float] = {"pi": float(np.pi), "e": float(np.e)}


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def _gaussian(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2)))


FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    **{
        name: getattr(np, name)
        for name in (
            *("exp", "log", "sqrt", "abs", "sin", "cos", "tan", "tanh", "sinh", "cosh"),
            *("arcsin", "arccos", "arctan", "arctanh"),
        )
    },
    "sigmoid": _sigmoid,
    "sgn": np.sign,
    "gaussian": _gaussian,
    "j0": lambda x: np.asarray(bessel(0, x, np)),
}

_OPERATORS: Mapping[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
_SYMBOLS: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


@dataclass(frozen=True)
class Constant:
    """A number, always a float64: `9**9**9` overflows to infinity at once instead of growing digits for hours."""

    value: float


@dataclass(frozen=True)
class Variable:
    """The name of a column."""

    name: str


@dataclass(frozen=True)
class Negative:
    """Minus its operand."""

    operand: "Node"


@dataclass(frozen=True)
class Binary:
    """Two operands joined by one of + - * / **."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Call:
    """One of `FUNCTIONS`, applied to its argument."""

    function: str
    argument: "Node"


Node = Constant | Variable | Negative | Binary | Call


@dataclass(frozen=True)
class Expression:
    """An expression that was read and found harmless.

    Attributes:
        text: as it was written.
        root: the tree.
        variables: names of the columns it needs, in order of first use.
        nodes: size of the tree.
    """

    text: str
    root: Node
    variables: tuple[str, ...]
    nodes: int

    def evaluate(self, columns: Mapping[str, Array]) -> Array:
        """Gives the value of the expression in every row; NaN or infinite where it has none.

        Args:
            columns: name -> (rows,) float64; more than needed is fine.

        Returns:
            (rows,), or () where no columns are given.

        Raises:
            ExpressionError: a variable that `columns` does not have.
        """
        for name in self.variables:
            if name not in columns:
                raise ExpressionError(f"unknown name {name!r}; {_known_names(columns)}")
        shape = np.broadcast_shapes(*(np.shape(column) for column in columns.values()))
        with np.errstate(all="ignore"):
            value = _value(self.root, columns)
        return np.array(np.broadcast_to(value, shape), dtype=np.float64)


def parse(text: str) -> Expression:
    """Reads an expression such as `exp(sin(pi*x1) + x2**2)`.

    Args:
        text: at most `MAX_LENGTH` characters; names, numbers, + - * / **, parentheses and calls of `FUNCTIONS`.

    Raises:
        ExpressionError: anything else, or a tree of more than `MAX_NODES` nodes or `MAX_DEPTH` levels.
    """
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("expected an expression such as sin(x1) + x2**2, got nothing")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"expected at most {MAX_LENGTH} characters, got {len(text)}")
    _check_characters(text)
    _check_parentheses(text)
    body = _syntax_tree(text.strip())
    nodes = _check_size(body)
    root = _convert(body)
    return Expression(text, root, tuple(dict.fromkeys(_names(root))), nodes)


def _check_characters(text: str) -> None:
    """Refuses what no expression needs, so that Python's reader never sees quotes, brackets or colons."""
    for position, character in enumerate(text):
        if not (character.isascii() and (character.isalnum() or character in "_.+-*/(), ")):
            hint = "; a power is written **" if character == "^" else ""
            raise ExpressionError(f"unexpected character {character!r}{hint}", position)


def _check_parentheses(text: str) -> None:
    """Refuses what is not closed, not opened or nested too deeply, before Python's reader says less of it."""
    opened: list[int] = []
    for position, character in enumerate(text):
        if character == "(":
            opened.append(position)
        elif character == ")" and not opened:
            raise ExpressionError("a ) that nothing opens", position)
        elif character == ")":
            opened.pop()
        if len(opened) > MAX_DEPTH:
            raise ExpressionError(f"expected at most {MAX_DEPTH} levels of nesting", position)
    if opened:
        raise ExpressionError("a ( that is never closed", opened[-1])


def _syntax_tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        position = None if error.offset is None else max(error.offset - 1, 0)
        raise ExpressionError(NO_EXPRESSION, position) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("nested too deeply, or a number with too many digits") from None


def _check_size(body: ast.expr) -> int:
    """Walks level by level (never by recursion) and counts the nodes."""
    level, nodes, depth = [body], 0, 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > MAX_NODES:
            raise ExpressionError(f"expected at most {MAX_NODES} names, numbers and operations")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"expected at most {MAX_DEPTH} levels of nesting")
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return nodes


def _convert(node: ast.expr) -> Node:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Constant(_finite(value, node.col_offset))
        case ast.Name(id=name) if name in CONSTANTS:
            return Constant(CONSTANTS[name])
        case ast.Name(id=name):
            return _variable(name, node.col_offset)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Negative(_convert(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _convert(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SYMBOLS:
            return Binary(_SYMBOLS[type(operator)], _convert(left), _convert(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return Call(name, _convert(argument))
        case ast.Call():
            known = ", ".join(FUNCTIONS)
            raise ExpressionError(f"expected one of the functions {known}, each of one argument", node.col_offset)
        case _:
            raise ExpressionError("expected a name, a number, + - * / ** or a function call", node.col_offset)


def _finite(value: float, position: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not np.isfinite(number):
        raise ExpressionError("expected a number that fits a float64", position)
    return number


def _variable(name: str, position: int) -> Variable:
    if name in FUNCTIONS:
        raise ExpressionError(f"{name} is a function: expected {name}(...)", position)
    if name.startswith("__"):
        raise ExpressionError("expected a name that does not start with two underscores", position)
    return Variable(name)


def _names(node: Node) -> Iterator[str]:
    match node:
        case Variable(name):
            yield name
        case Negative(operand) | Call(argument=operand):
            yield from _names(operand)
        case Binary(_, left, right):
            yield from _names(left)
            yield from _names(right)


def _value(node: Node, columns: Mapping[str, Array]) -> Array:
    match node:
        case Constant(value):
            return np.asarray(np.float64(value))
        case Variable(name):
            return np.asarray(columns[name], dtype=np.float64)
        case Negative(operand):
            return np.negative(_value(operand, columns))
        case Binary(operator, left, right):
            return _OPERATORS[operator](_value(left, columns), _value(right, columns))
        case Call(function, argument):
            return FUNCTIONS[function](_value(argument, columns))


def _known_names(columns: Mapping[str, Array]) -> str:
    return "expected one of " + ", ".join(columns) if columns else "no names are given"
