"""The closed grammar: right values for what it reads, a quick refusal for all else."""

import numpy as np
import pytest
from scipy import special

from kan.errors import ExpressionError
from kan.symbolic import grammar
from kan.symbolic.grammar import parse

# These took for ever where they were not refused; a busy machine may take its time.
HANGS = pytest.mark.timeout(20)

X = np.array([-0.7, 0.2, 0.9])
Y = np.array([1.5, 2.0, 0.25])

VALUES = [
    ("x + y * 2", X + Y * 2),
    ("-x**2", -(X**2)),
    ("(x - y) / (1 + y)", (X - Y) / (1 + Y)),
    ("2**3**2", np.full(3, 512.0)),
    ("exp(sin(pi*x) + y**2)", np.exp(np.sin(np.pi * X) + Y**2)),
    ("log(y) + sqrt(y) + cos(x) + tan(x)", np.log(Y) + np.sqrt(Y) + np.cos(X) + np.tan(X)),
    ("tanh(x) + sinh(x) + cosh(x)", np.tanh(X) + np.sinh(X) + np.cosh(X)),
    ("arcsin(x) + arccos(x) + arctan(x) + arctanh(x)", np.arcsin(X) + np.arccos(X) + np.arctan(X) + np.arctanh(X)),
    ("abs(x) + +e", np.abs(X) + np.e),
    ("sigmoid(x)", 1 / (1 + np.exp(-X))),
    ("gaussian(x)", np.exp(-X * X)),
    ("j0(20*x)", special.j0(20 * X)),
    ("1e-3", np.full(3, 1e-3)),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_expression_has_the_value_that_numpy_gives(text: str, expected: np.ndarray) -> None:
    # 1e-15: sigmoid is written by tanh, which rounds differently in the last place.
    np.testing.assert_allclose(parse(text).evaluate({"x": X, "y": Y}), expected, rtol=1e-14, atol=1e-15)


def test_variables_are_named_once_in_order_of_use() -> None:
    assert parse("b*a + b - pi").variables == ("b", "a")


def test_expression_without_columns_gives_one_value() -> None:
    assert parse("2*pi").evaluate({}).shape == ()


def test_log_of_a_negative_is_nan_and_no_warning() -> None:
    assert np.isnan(parse("log(x)").evaluate({"x": np.array([-1.0])}))[0]


@HANGS
def test_power_tower_overflows_to_infinity_at_once() -> None:
    assert np.isinf(parse("9**9**9").evaluate({"x": X})).all()


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ExpressionError, match="unknown name 'z'; expected one of x, y"):
        parse("x + z").evaluate({"x": X, "y": Y})


def test_caret_is_refused_with_a_hint() -> None:
    with pytest.raises(ExpressionError, match=r"character 1: .*a power is written \*\*"):
        parse("x^2")


HOSTILE = [
    "",
    "   ",
    "__import__('os').system('true')",
    "__import__",
    "().__class__.__bases__",
    "x.real",
    "x.__class__",
    "(" * 10_000 + "x" + ")" * 10_000,
    "(" * 900 + "x" + ")" * 900,
    "-" * 1999 + "x",
    "+".join(["x"] * 900),
    "x" * 2001,
    "9" * 1999,
    "1" + "0" * 400,
    "1e999",
    "1j",
    "x if x else y",
    "lambda x x",
    "lambda",
    "not x",
    "x and y",
    "x // 2",
    "x @ y",
    "x < 2",
    "x := 2",
    "[x for x in x]",
    "{x}",
    "'a' * 10**9",
    "f'{x}'",
    "True",
    "None",
    "sin",
    "sin()",
    "sin(x, y)",
    "sin(*x)",
    "sin(x=1)",
    "sin(x)(y)",
    "eval(x)",
    "open(x)",
    "x(2)",
    "x, y",
    "x\x00",
    "x\ny",
    "x # y",
    "ﬁ + 1",
    "x;y",
    "0x10for x in y",
    "await x",
    "yield",
]


@HANGS
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_at_once(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_largest_allowed_tree_is_read_and_evaluated() -> None:
    text = "+".join(["x"] * 100)
    assert parse(text).evaluate({"x": X}) == pytest.approx(100 * X)
    assert grammar.MAX_DEPTH == 100


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("2*(x + 1", 2, "never closed"),
        ("x + 1)", 5, "nothing opens"),
        ("sin(x)*cos(x", 10, "never closed"),
        ("x +* 2", 3, "something is missing"),
        ("(" * 101 + "x" + ")" * 101, 100, "levels of nesting"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        parse(text)
    assert caught.value.position == position
