"""Compiled networks predict their expression, whatever its powers."""

import numpy as np
import pytest
from hypothesis import given, settings

from kan.checkpoint import dump, load
from kan.config import Refit
from kan.errors import ExpressionError
from kan.formulas.building import formulas
from kan.formulas.compiling import compiled
from kan.predictor import evaluate
from kan.symbolic.grammar import Node, parse
from kan.symbolic.printing import text
from tests.kan.symbolic.trees import NAMES, trees
from tests.kan.training import a_task, trained

RANGES = {"x1": (0.2, 2.0), "x2": (-1.5, 1.0)}
X = np.random.default_rng(0).uniform([0.2, -1.5], [2.0, 1.0], (50, 2))
A, B = X.T


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x1", A),
        ("3", np.full(50, 3.0)),
        ("2*x1 - 3*x2 + 1", 2 * A - 3 * B + 1),
        ("x1**2.5", A**2.5),
        ("x1**(1/3)", np.cbrt(A)),
        ("2**x2", np.exp2(B)),
        ("x1**x2", A**B),
        ("x1**7", A**7),
        ("x2**23", B**23),
        ("x2**-7", B**-7.0),
        ("x1**-1.5", A**-1.5),
        ("x1**0.37", A**0.37),
        ("x2/x1", B / A),
        ("1/(x1*x2)", 1 / (A * B)),
        ("x1 + x1**2 + sin(x1) + sin(2*x1)", A + A**2 + np.sin(A) + np.sin(2 * A)),
        ("x1*x2*exp(x1)*x2", A * B**2 * np.exp(A)),
        ("x1*x2 + sin(x1*x2) + cos(x1*x2)", A * B + np.sin(A * B) + np.cos(A * B)),
        ("exp(sin(3*x1) + x2**2)*x1", np.exp(np.sin(3 * A) + B**2) * A),
        ("sinh(x2) + cosh(x2)", np.exp(B)),
        ("x2 + log(x1 + exp(sin(x1*x2)))", B + np.log(A + np.exp(np.sin(A * B)))),
        ("(x1 + x2)*(x1 - x2)", A**2 - B**2),
        ("sqrt(x1**2 + x2**2)", np.hypot(A, B)),
    ],
)
def test_network_predicts_its_expression(written: str, expected: np.ndarray) -> None:
    state = compiled(parse(written), RANGES)
    np.testing.assert_allclose(evaluate(state, X)[:, 0], expected, rtol=1e-12, atol=1e-13)


@settings(max_examples=100)
@given(trees(max_leaves=8))
def test_network_of_any_expression_predicts_it_or_is_refused(tree: Node) -> None:
    expression = parse(text(tree))
    ranges = dict.fromkeys(NAMES, (0.5, 1.5))
    x = np.random.default_rng(1).uniform(0.5, 1.5, (5, len(NAMES)))
    columns = dict(zip(NAMES, x.T, strict=True))
    expected = expression.evaluate(columns)
    moved = expression.evaluate({name: values * (1 + 1e-15) for name, values in columns.items()})
    try:
        state = compiled(expression, ranges)
    except ExpressionError:
        return
    with np.errstate(all="ignore"):
        predicted = evaluate(state, x)[:, 0]
        steady = np.isfinite(predicted) & (np.abs(moved - expected) <= 1e-13 * np.abs(expected))
    # 1e-11 and not less: exp(p * log(x)) rounds as often as p * log(x) is large, and here it may be a hundred.
    np.testing.assert_allclose(predicted[steady], expected[steady], rtol=1e-11, atol=1e-11)


def test_two_nodes_have_at_most_one_edge_between_them() -> None:
    state = compiled(parse("x1 + x1**2 + x1**3 + sin(x1) + exp(2*x1)"), {"x1": (0.0, 1.0)})
    for layer in state.layers:
        places = [(edge.source, edge.target) for edge in layer.formulas]
        assert len(set(places)) == len(places)


def test_grids_and_statistics_are_those_of_the_ranges() -> None:
    state = compiled(parse("sin(x1) + x2"), RANGES)
    first = state.layers[0]
    assert first.knots[:, 3].tolist() == [0.2, -1.5]
    assert first.knots[:, -4] == pytest.approx([2.0, 1.0])
    assert first.statistics is not None
    assert first.statistics.density.sum(axis=1).tolist() == [1002, 1002]


def test_encoding_names_columns_and_target_in_their_order() -> None:
    state = compiled(parse("x2"), {"b": (0.0, 1.0), "x2": (0.0, 1.0)}, target="strength")
    assert state.encoding is not None
    assert state.encoding.columns == ("b", "x2")
    assert state.encoding.output_names == ("strength",)
    assert formulas(state)[0].written() == "x2"


def test_network_is_the_same_after_saving() -> None:
    state = compiled(parse("x1**2.5*x2 + 2**x2"), RANGES)
    assert np.array_equal(evaluate(load(dump(state)), X), evaluate(state, X))


@pytest.mark.parametrize("ranges", [(200.0, 400.0), (299.0, 301.0)])
def test_training_that_goes_on_learns_from_numbers_as_they_are(ranges: tuple[float, float]) -> None:
    """They are not scaled, and predictions draw none of them nearer."""
    temperature = np.linspace(200.0, 400.0, 40)
    table = {"T": temperature, "y": 8.5 * temperature + 20.0}
    start = compiled(parse("8.314*T"), {"T": ranges})
    state = trained(table, a_task((Refit(steps=20),), inputs=("T",), start=start)).state
    np.testing.assert_allclose(evaluate(state, temperature[:, None])[:, 0], table["y"], rtol=1e-6)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("z + 1", "'z' has no range"),
        ("(-2)**x1", "power of -2"),
        ("x1/0", "divides by 0"),
        ("9**9**9*x1", "not finite"),
        ("x1**400/x1**600", "too large"),
        ("log(-x1)", "not finite anywhere"),
    ],
)
def test_expression_without_a_network_is_refused(written: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        compiled(parse(written), RANGES)


@pytest.mark.parametrize("ranges", [{}, {"x1": (1.0, 1.0)}, {"x1": (0.0, float("inf"))}])
def test_impossible_ranges_are_refused(ranges: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ExpressionError, match="range"):
        compiled(parse("x1 + 1"), ranges)
