"""Comparisons on a tiny table: what each side is told, that splits are shared, that a killed one goes on."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kan.comparison import Comparison, Contest, Stopwatch
from kan.comparison_sides import BASELINES, Measurement
from kan.config import Fit, NetworkConfig, Refit
from kan.config_symbolic import Symbolify
from kan.errors import BadTrainingData, CheckpointError
from kan.mlp import equal_width
from kan.table_training import TableTask

STEPS = (Fit(steps=15), Refit(steps=5))
TO_FORMULA = (Fit(steps=15), Symbolify(library=("x", "x^2")))


class Ticks:
    """A clock that goes on by a hundredth of a second each time it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.asked / 100


def squares(rows: int = 80) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    a, b = generator.uniform(-1, 1, rows), generator.uniform(-1, 1, rows)
    label = np.array(["far" if value > 0.5 else "near" for value in a**2 + b**2], dtype=object)
    return {"a": a, "b": b, "y": 3 * a**2 - b + 1, "label": label}


def contest(**changes: Any) -> Contest:
    network = NetworkConfig(hidden=(), grid=3)
    task = TableTask(("a", "b"), ("y",), "regression", STEPS, network)
    return replace(Contest(task, TO_FORMULA, BASELINES, (0, 1)), **changes)


def measured(found: Contest, table: dict[str, Any] | None = None) -> list[Measurement]:
    comparison = Comparison(squares() if table is None else table, found, Ticks())
    for _ in comparison.run():
        pass
    return comparison.measured


def without_times(item: Measurement) -> Measurement:
    return replace(item, train_cpu_seconds=0.0, predict_microseconds=0.0)


def test_every_side_of_every_seed_is_measured_on_the_same_rows() -> None:
    found = measured(contest())
    assert [(item.seed, item.side) for item in found] == [
        (seed, side) for seed in (0, 1) for side in ("kan", "formula", "mlp_parameters", "mlp_time", "linear")
    ]
    assert {item.test["rows"] for item in found} == {16}
    assert all(item.train_cpu_seconds > 0 and item.predict_microseconds > 0 for item in found)
    by_side = {item.side: item for item in found if item.seed == 0}
    assert by_side["kan"].formula is not None
    # Two edges of a grid of 3 and degree 3, with a base weight each, stay splines.
    assert (by_side["kan"].parameters, by_side["kan"].formula.splines) == (2 * 7, 2)
    width = equal_width(14, columns=2, outputs=1)
    assert by_side["mlp_parameters"].parameters == 2 * width + width + width * width + width + width + 1
    assert by_side["linear"].parameters == 3
    assert by_side["mlp_parameters"].formula is None


def test_formula_of_a_target_that_is_one_is_exact_and_written() -> None:
    (item,) = [item for item in measured(contest(baselines=(), seeds=(0,))) if item.side == "formula"]
    assert item.formula is not None
    assert item.formula.splines == 0
    rmse = item.test["rmse"]
    assert rmse is not None
    assert rmse < 1e-9
    (text,) = item.formula.texts
    assert "e-" not in text, "rounding is written as a term"
    values = [eval(text, {"a": a, "b": b, "sqrt": math.sqrt}) for a, b in ((0.5, -0.25), (-0.75, 1.0))]
    # Four digits of each number.
    np.testing.assert_allclose(values, [3 * 0.25 + 0.25 + 1, 3 * 0.5625 - 1 + 1], rtol=2e-3)


def test_own_recipe_that_makes_formulas_has_no_second_side() -> None:
    found = contest(formula=None, baselines=("linear",), seeds=(3,))
    task = replace(found.task, recipe=TO_FORMULA)
    kan, linear = measured(replace(found, task=task))
    assert (kan.side, linear.side) == ("kan", "linear")
    assert kan.formula is not None
    assert kan.formula.splines == 0


def test_classes_are_compared_by_accuracy_and_log_loss() -> None:
    task = replace(contest().task, targets=("label",), task="classification")
    for item in measured(contest(task=task, formula=None, baselines=("mlp_parameters", "linear"), seeds=(0,))):
        assert set(item.test) == {"rows", "accuracy", "log_loss"}


@pytest.mark.slow
def test_killed_comparison_keeps_the_sides_that_were_finished() -> None:
    asked = contest(baselines=("mlp_parameters", "linear"))
    whole = [without_times(item) for item in measured(asked)]
    first = Comparison(squares(), asked, Ticks())
    ended = (progress for progress in first.run() if progress.ended)
    assert [progress.side for progress in itertools.islice(ended, 2)] == ["kan", "formula"]
    second = Comparison(squares(), asked, Ticks(), first.checkpoint())
    assert second.measured == first.measured
    steps = list(second.run())
    assert (steps[0].side, steps[0].number, steps[0].count) == ("mlp_parameters", 3, 8)
    assert [without_times(item) for item in second.measured] == whole


@pytest.mark.slow
def test_progress_grows_to_the_whole() -> None:
    fractions = [step.fraction for step in Comparison(squares(), contest(), Ticks()).run()]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_no_test_rows_are_refused() -> None:
    task = replace(contest().task, test_fraction=0.0)
    with pytest.raises(BadTrainingData, match="needs test rows"):
        measured(contest(task=task))


@pytest.mark.parametrize("data", [b"{", b"[1]", b'[{"side": "kan", "formula": null}]'])
def test_damaged_checkpoint_is_told(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        Comparison(squares(), contest(), Ticks(), data)


def test_stopwatch_counts_the_run_and_not_its_caller() -> None:
    clock = Ticks()
    stopwatch = Stopwatch(clock)

    def run() -> Any:
        for step in range(3):
            clock.asked += 10
            yield step

    for _ in stopwatch.steps(run(), float):
        clock.asked += 1000
    # Three steps of ten hundredths and one for each asking; the fourth call only finds the end.
    assert stopwatch.seconds == pytest.approx(3 * 0.11 + 0.01)
