"""Known functions: those that split, those that only seem to, and those of a sum, difference, product or ratio."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kan.hypotheses import Axis, separability_scores, symmetry_scores

X = np.random.default_rng(1).uniform([0.5, 1.0, -1.0], [2.0, 3.0, 1.0], (400, 3))
A, B = Axis(0), Axis(1)


def outputs(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: np.stack([function(*x.T) for function in functions], axis=1)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda a, b, c: np.sin(a * c) + np.exp(b) - 1e6, "additive"),
        (lambda a, b, c: np.sin(9 * a + c) * np.cos(5 * b), "multiplicative"),
        (lambda a, b, c: -1e-9 * (1 + a**c) / b, "multiplicative"),
    ],
)
def test_a_function_that_splits_scores_0(function: Any, kind: Any) -> None:
    assert separability_scores(outputs(function), X, [1], kind)[0] < 1e-8
    assert separability_scores(outputs(function), X, [0, 2], kind)[0] < 1e-8


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda a, b, c: a * b + c, "additive"),
        (lambda a, b, c: np.log(a + b), "additive"),
        (lambda a, b, c: a + b, "multiplicative"),
        (lambda a, b, c: 30 + a + b * 3, "multiplicative"),
        (lambda a, b, c: np.sin(3 * a + 2 * b), "multiplicative"),
    ],
)
def test_a_function_that_does_not_split_scores_more(function: Any, kind: Any) -> None:
    assert separability_scores(outputs(function), X, [1], kind)[0] > 0.01


def test_half_of_the_score_squared_is_the_interaction_of_a_product() -> None:
    # a * b of two centred uniform columns is nothing but interaction: its share of the variance is 1.
    x = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))
    assert separability_scores(outputs(np.multiply), x, [0], "additive")[0] == pytest.approx(1.0, abs=0.02)


def test_outputs_are_judged_one_by_one_and_a_constant_has_no_score() -> None:
    predict = outputs(lambda a, b, c: a + b, lambda a, b, c: a * b, lambda a, b, c: 7.0 + 0 * a)
    scores = separability_scores(predict, X, [0], "additive")
    assert scores[0] < 1e-12 < 0.1 < scores[1]
    assert np.isnan(scores[2])


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("sum", lambda a, b, c: np.sin(a + b) * c),
        ("difference", lambda a, b, c: np.exp(-((a - b) ** 2)) + c),
        ("product", lambda a, b, c: np.sqrt(1 + a * b) - c**2),
        ("ratio", lambda a, b, c: np.tanh(a / b + c)),
    ],
)
def test_a_symmetry_scores_0_and_the_other_three_do_not(kind: Any, function: Any) -> None:
    scores = {
        other: symmetry_scores(outputs(function), X, A, B, other)[0]
        for other in ("sum", "difference", "product", "ratio")
    }
    # At the ends of a column the difference is one of a single side: off by about the step.
    assert scores.pop(kind) < 1e-4
    assert min(scores.values()) > 0.1


def test_symmetry_is_one_of_the_units_of_the_user_not_of_the_network() -> None:
    # The network sees (a - 5) / 10 and (b - 1) / 2; in the user's units the function is one of a * b.
    axes = (Axis(0, 5.0, 10.0), Axis(1, 1.0, 2.0))
    raw = np.random.default_rng(2).uniform([-5, 0.5, 0], [15, 3, 1], (300, 3))
    x = (raw - [5.0, 1.0, 0.0]) / [10.0, 2.0, 1.0]

    def predict(rows: Any) -> Any:
        return np.sin(0.1 * (10 * rows[:, 0] + 5) * (2 * rows[:, 1] + 1))[:, None]

    assert symmetry_scores(predict, x, *axes, "product")[0] < 1e-4
    assert symmetry_scores(predict, x, *axes, "sum")[0] > 0.1


def test_an_output_that_depends_on_neither_has_no_score() -> None:
    assert np.isnan(symmetry_scores(outputs(lambda a, b, c: c * 3), X, A, B, "sum")[0])
