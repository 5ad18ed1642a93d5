"""An edge is told by its curve: the function it is comes first, and neither zero nor a straight line is preferred."""

import numpy as np
import pytest

from kan.errors import InvalidConfig
from kan.snapped import with_formula
from kan.state import EdgeFormula
from kan.suggestions import EdgeCurve, edge_curve, suggestions
from tests.kan.networks import random_network, with_statistics

X = np.linspace(-1.0, 1.0, 201)


def _curve(y: np.ndarray) -> EdgeCurve:
    return EdgeCurve(X, y, np.ones(201))


@pytest.mark.parametrize(
    ("y", "function"),
    [
        (2.0 * X + 1.0, "x"),
        (0.001 * (X - 0.2) ** 2, "x^2"),
        (np.exp(1.5 * X), "exp"),
        (np.sin(4.0 * X), "sin"),
        (1.0 / (X + 1.5), "1/x"),
        (np.exp(-((2.0 * X) ** 2)), "gaussian"),
        (np.tanh(3.0 * X), "tanh"),
    ],
)
def test_function_of_a_curve_comes_first(y: np.ndarray, function: str) -> None:
    assert suggestions(_curve(y))[0].fit.function == function


def test_best_comes_first_and_no_more_than_asked() -> None:
    found = suggestions(_curve(np.exp(X) + 0.01 * np.sin(30 * X)), limit=3)
    assert len(found) == 3
    assert [item.score for item in found] == sorted(item.score for item in found)


def test_dear_function_is_tried_where_nothing_else_explains() -> None:
    assert "j0" not in {item.fit.function for item in suggestions(_curve(np.exp(X)), limit=50)}
    assert suggestions(_curve(np.exp(X)), ["j0", "x"])[1].fit.function == "j0"


def test_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="library"):
        suggestions(_curve(X), ["sinh"])


def test_constant_curve_has_none() -> None:
    assert suggestions(_curve(np.ones(201))) == []


def test_edge_curve_is_sampled_where_rows_were_seen() -> None:
    state = with_statistics(random_network(2, 3, 1, seed=3))
    curve = edge_curve(state, 1, 2, 0)
    assert curve.x.shape == curve.y.shape == curve.weight.shape == (201,)
    assert (curve.weight > 0).all()


def test_curve_of_an_edge_that_is_a_formula_is_that_formula() -> None:
    state = with_formula(with_statistics(random_network(1, 1)), 0, EdgeFormula(0, 0, "sin", 2.0, 1.0, 0.0, 3.0))
    curve = edge_curve(state, 0, 0, 0)
    assert curve.y == pytest.approx(2.0 * np.sin(curve.x) + 3.0)
