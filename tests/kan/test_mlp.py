"""The perceptron: its size by counting, that it learns, stops, repeats its bits and never sees the test rows."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import torch

from kan.dense_rows import DenseRows
from kan.mlp import STOP_AFTER, Mlp, MlpMean, equal_width, fit_mlp, fit_mlp_for
from kan.split import Part

PARTS = np.repeat(np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], dtype=np.uint8), [96, 24, 40])


def curve_rows(noise: float = 0.0) -> DenseRows:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(len(PARTS), 2))
    y = np.sin(2 * x[:, :1]) + noise * generator.normal(size=(len(PARTS), 1))
    return DenseRows(x, y, PARTS, "regression", 1)


def class_rows() -> DenseRows:
    x = np.random.default_rng(0).normal(size=(len(PARTS), 2))
    return DenseRows(x, (x[:, 0] * x[:, 1] > 0).astype(np.int64), PARTS, "classification", 1)


def finished(run: Generator[int, None, Any]) -> Any:
    while True:
        try:
            next(run)
        except StopIteration as stop:
            return stop.value


class Ticks:
    """A clock that goes on by one second each time it is asked."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


@pytest.mark.parametrize(("parameters", "columns", "outputs"), [(1000, 8, 1), (50, 3, 2), (20_000, 20, 10), (1, 5, 3)])
def test_equal_width_is_the_nearest_of_all(parameters: int, columns: int, outputs: int) -> None:
    def count(width: int) -> int:
        layers = [torch.nn.Linear(columns, width), torch.nn.Linear(width, width), torch.nn.Linear(width, outputs)]
        return sum(weights.numel() for layer in layers for weights in layer.parameters())

    nearest = min(range(1, 200), key=lambda width: abs(count(width) - parameters))
    assert equal_width(parameters, columns, outputs) == nearest


def test_learns_a_curve_better_than_a_line_can() -> None:
    rows = curve_rows()
    x, y = rows.at(Part.TEST)
    mlp: Mlp = finished(fit_mlp(rows, 16, seed=0))
    assert mlp.parameters == 16 * 3 + 16 * 17 + 17
    left = float(np.mean((mlp.outputs(x) - y) ** 2)) / float(np.var(y))
    # A line leaves 85 % of sin(2 x) over normal x: 1 - 8 exp(-4) / (1 - exp(-8)).
    assert left < 0.2


def test_learns_classes_that_no_plane_separates() -> None:
    rows = class_rows()
    x, y = rows.at(Part.TEST)
    mlp: Mlp = finished(fit_mlp(rows, 16, seed=0))
    assert float(np.mean((mlp.outputs(x)[:, 0] > 0) == y)) > 0.85


def test_noise_ends_training_early_and_only_best_epochs_are_repeated() -> None:
    run = fit_mlp(curve_rows(noise=2.0), 16, seed=0)
    epochs = []
    while True:
        try:
            epochs.append(next(run))
        except StopIteration as stop:
            mlp: Mlp = stop.value
            break
    # Once until nothing got better for STOP_AFTER epochs, then as many as the best one had.
    assert len(epochs) == 2 * len(mlp.rates) + STOP_AFTER
    assert len(mlp.rates) < 60


def test_same_seed_gives_same_bits_and_leaves_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    rows = curve_rows(noise=1.0)
    first, second, other = (finished(fit_mlp(rows, 8, seed)).outputs(rows.x) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_test_rows_teach_nothing() -> None:
    rows = curve_rows(noise=1.0)
    y = np.array(rows.y)
    y[PARTS == Part.TEST] = 1e6
    changed = DenseRows(rows.x, y, PARTS, rows.task, rows.outputs)
    first, second = (finished(fit_mlp(each, 8, 0)).outputs(rows.x) for each in (rows, changed))
    np.testing.assert_array_equal(first, second)


def test_given_time_is_used_for_as_many_members_as_fit() -> None:
    rows = curve_rows(noise=2.0)
    one: MlpMean = finished(fit_mlp_for(rows, 1.0, Ticks(), seed=0))
    several: MlpMean = finished(fit_mlp_for(rows, 300.0, Ticks(), seed=0))
    assert len(one.members) == 1
    assert len(several.members) > 2
    np.testing.assert_array_equal(one.outputs(rows.x), several.members[0].outputs(rows.x))
    mean = np.mean([member.outputs(rows.x) for member in several.members], axis=0)
    np.testing.assert_allclose(several.outputs(rows.x), mean)
    assert several.parameters == len(several.members) * one.parameters
