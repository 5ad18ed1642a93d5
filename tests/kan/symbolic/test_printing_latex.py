"""LaTeX of expressions: parentheses where mathematics needs them, and names that are never commands."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.symbolic.grammar import Node, Variable, parse
from kan.symbolic.printing_latex import latex
from tests.kan.symbolic.trees import trees


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2*x1**2 - x2", r"2 \, {x_{1}}^{2} - x_{2}"),
        ("(x1 + 1)*(x2 - 1)", r"\left(x_{1} + 1\right) \, \left(x_{2} - 1\right)"),
        ("x1/(x2 + 1)", r"\frac{x_{1}}{x_{2} + 1}"),
        ("(x1/x2)**2", r"{\left(\frac{x_{1}}{x_{2}}\right)}^{2}"),
        ("(-x1)**2", r"{\left(-x_{1}\right)}^{2}"),
        ("-x1**2", "-{x_{1}}^{2}"),
        ("sin(x1)**2", r"{\left(\sin\left(x_{1}\right)\right)}^{2}"),
        ("x1*1.5e-7", r"x_{1} \, \left(1.5 \cdot 10^{-7}\right)"),
        ("2*3", r"2 \cdot 3"),
        ("sqrt(abs(x1))", r"\sqrt{\left|x_{1}\right|}"),
        ("gaussian(x1 - 1)", r"\exp\left(-{\left(x_{1} - 1\right)}^{2}\right)"),
        ("j0(x1) + arctanh(y)", r"J_{0}\left(x_{1}\right) + \operatorname{artanh}\left(y\right)"),
    ],
)
def test_expression_is_written_as_mathematics(written: str, expected: str) -> None:
    assert latex(parse(written).root, {}) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b", r"\text{a b}"),
        ("x;y", r"\text{x;y}"),
        ("E", "E"),
        ("lambda", r"\text{lambda}"),
        ("\\input{x}", r"\text{\textbackslash{}input\{x\}}"),
        ('"><script>', r"\text{\textquotedbl{}\textgreater{}\textless{}script\textgreater{}}"),
        ("100% $5 a_b ^~", r"\text{100\% \$5 a\_b \textasciicircum{}\textasciitilde{}}"),
        ("a\nb", r"\text{a b}"),
    ],
)
def test_name_is_text_and_no_command(name: str, expected: str) -> None:
    assert latex(Variable("x1"), {"x1": name}) == expected


@given(st.text())
def test_any_name_leaves_braces_balanced_and_only_known_commands(name: str) -> None:
    written = latex(Variable("x1"), {"x1": name})
    unescaped = re.sub(r"\\[{}$&#_%]", "", written)
    commands = set(re.findall(r"\\[A-Za-z]+|\\.", unescaped))
    known = {f"\\text{name}" for name in ("backslash", "asciitilde", "asciicircum", "less", "greater", "quotedbl", "")}
    assert commands <= known
    assert unescaped.count("{") == unescaped.count("}")
    assert not set("$&#%\n") & set(unescaped)


@given(trees())
def test_any_expression_has_balanced_braces_and_parentheses(tree: Node) -> None:
    written = latex(tree, {})
    assert written.count("{") == written.count("}")
    assert written.count(r"\left") == written.count(r"\right")
