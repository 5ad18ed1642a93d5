"""The normal form: short, and of the same value wherever the expression had one."""

import math

import numpy as np
import pytest
from hypothesis import given

from kan.symbolic.complexity import complexity
from kan.symbolic.grammar import Binary, Constant, Node, Variable, parse
from kan.symbolic.printing import text
from kan.symbolic.simplifying import added, multiplied, simplified, substituted
from tests.kan.symbolic.trees import independent_value, trees

VALUES = {"x1": 0.3, "x2": -1.7, "age": 4.2}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x1 + x1", "2*x1"),
        ("2*x1 - 3 + 4*x1 + x2 + 5", "6*x1 + x2 + 2"),
        ("0*x1 + 1*x2 + 0", "x2"),
        ("x1 - x1", "0"),
        ("0.1*x1 + 0.2*x1 - 0.3*x1", "0"),
        ("2*(x1 + 3*(x2 - 1)) - 1", "2*x1 + 6*x2 - 7"),
        ("2*3*x1*4", "24*x1"),
        ("x1*x2*x1", "x1**2*x2"),
        ("(2*x1)**3", "8*x1**3"),
        ("(x1**2)**2", "x1**4"),
        ("1/(2*x1)**2", "0.25/x1**2"),
        ("3*(1/x1)", "3/x1"),
        ("x1/x2*x2", "x1*x2/x2"),
        ("x1/x1", "x1/x1"),
        ("-(-x1)", "x1"),
        ("x2 - -x1", "x2 + x1"),
        ("-1*x1*x2", "-x1*x2"),
        ("sin(-x1)", "-sin(x1)"),
        ("cos(1 - x1)", "cos(1 - x1)"),
        ("cos(-x1 - 1)", "cos(x1 + 1)"),
        ("abs(-2*x1)", "2*abs(x1)"),
        ("sqrt(4*x1)", "2*sqrt(x1)"),
        ("sqrt(-4*x1)", "sqrt(-4*x1)"),
        ("exp(x1 + log(2))", "2*exp(x1)"),
        ("exp(x1 + 100)", "exp(x1 + 100)"),
        ("log(2*x1 + 1)", "log(2*x1 + 1)"),
        ("log(exp(x1))", "log(exp(x1))"),
        ("2*sin(x1) + 3*sin(x1)", "5*sin(x1)"),
        ("2**3 + sqrt(4)", "10"),
        ("x1**0.5*x1**0.5", "(x1**0.5)**2"),
        ("1/0", "1/0"),
        ("9**9**9", "9**387420489"),
        ("(4**8)**(8**2)*x1", "65536**64*x1"),
        ("0 + 8e-113*x1", "8e-113*x1"),
        ("x2 - 8e-113*x1 - 8e-113*x1", "x2 + 2*(-8e-113*x1)"),
        ("1e200*x1*1e200", "1e+200*x1*1e+200"),
        ("1e-200*x1*1e-200*1e300", "1e+300*(1e-200*x1*1e-200)"),
    ],
)
def test_normal_form_is_short(written: str, expected: str) -> None:
    assert text(simplified(parse(written).root)) == expected


@given(trees())
def test_normal_form_has_the_value_of_the_expression(tree: Node) -> None:
    # Not where a rounding of the input in its last bits moves the value: then no order of operations is right.
    moved = {name: value * (1 + 4e-16) for name, value in VALUES.items()}
    before, nearby = independent_value(text(tree), VALUES), independent_value(text(tree), moved)
    if math.isnan(before) or math.isnan(nearby):
        return
    after = float(parse(text(simplified(tree))).evaluate({name: np.array(value) for name, value in VALUES.items()}))
    assert after == pytest.approx(before, rel=1e-9, abs=max(1e-9, 1e6 * abs(nearby - before)))


@given(trees())
def test_normal_form_of_a_normal_form_is_no_longer(tree: Node) -> None:
    once = simplified(tree)
    assert complexity(simplified(once)) <= complexity(once)


def test_sum_of_very_many_terms_is_no_deep_tree() -> None:
    names = [f"x{i}" for i in range(5000)]
    total = added(*(multiplied(Constant(-2.0), Variable(name)) for name in names))
    written = text(total)
    assert written.count("*") == 5000
    assert max(np.cumsum([(letter == "(") - (letter == ")") for letter in written])) < 5


def test_substitution_changes_nothing_but_the_variable() -> None:
    root = parse("2*x1 + (x1 - 3)").root
    expected = Binary("+", Variable("x2"), Constant(1.0))
    assert text(substituted(root, {"x1": expected})) == "2*(x2 + 1) + (x2 + 1 - 3)"
