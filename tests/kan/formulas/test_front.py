"""Each formula is smaller than the one before, and what matters least goes first."""

import numpy as np
import pytest

from kan.formulas.front import Rows, smaller_formulas
from kan.symbolic.complexity import complexity, parts
from kan.symbolic.grammar import Constant, Expression, Node, parse
from kan.symbolic.printing import text
from kan.symbolic.simplifying import simplified

GENERATOR = np.random.default_rng(0)
X = {name: GENERATOR.uniform(-1, 1, 200) for name in ("x1", "x2", "x3")}


def front(written: str, truth: str | None = None) -> tuple[list[Node], Rows]:
    rows = Rows(X, parse(truth or written).evaluate(X))
    return smaller_formulas(simplified(parse(written).root), rows), rows


def r2(node: Node, rows: Rows) -> float:
    values = Expression("", node, (), 0).evaluate(rows.columns)
    return float(1 - np.mean((values - rows.y) ** 2) / rows.y.var())


def test_formulas_shrink_to_a_constant_that_is_the_mean() -> None:
    found, rows = front("exp(sin(3*x1) + x2**2) + 0.01*x3")
    sizes = [complexity(node) for node in found]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes) > 3
    assert isinstance(found[-1], Constant)
    assert found[-1].value == pytest.approx(rows.y.mean(), abs=1e-6)


def test_the_least_part_goes_first() -> None:
    found, rows = front("exp(sin(3*x1) + x2**2) + 0.01*x3")
    assert "x3" not in text(found[1])
    assert r2(found[1], rows) > 0.9999


def test_a_function_that_is_nearly_straight_becomes_a_line() -> None:
    found, rows = front("5*tanh(0.2*x1) + 3*x2")
    assert "tanh" not in text(found[1])
    assert "x1" in text(found[1])
    assert r2(found[1], rows) > 0.9999


def test_constants_are_fitted_again() -> None:
    # Without x3 the rest is best with other constants than those of the whole.
    found, rows = front("2*x1 + x2*x3", truth="3*x1 + 0.001*x2*x3")
    smaller = next(node for node in found if "x3" not in text(node))
    assert r2(smaller, rows) > 0.99999


def test_a_constant_is_all_of_its_front() -> None:
    assert front("7")[0] == [Constant(7.0)]


def test_a_long_formula_ends_with_the_constant_too() -> None:
    written = " + ".join(f"0.{k}*sin({k}*x1 + {k}.5*tanh(x2 + x3*0.{k}))" for k in range(1, 20))
    found, _ = front(written)
    assert isinstance(found[-1], Constant)
    assert len(found) > 2


def test_a_mean_of_the_largest_numbers_is_one_of_them() -> None:
    found = smaller_formulas(parse("exp(x1) + x2 + 1e308").root, Rows(X, parse("exp(x1) + x2").evaluate(X)))
    constants = [part.value for node in found for part in parts(node) if isinstance(part, Constant)]
    assert np.isfinite(constants).all()
    assert smaller_formulas(parse("x1").root, Rows(X, np.full(200, 1e308)), max_work=0)[-1] == Constant(1e308)
