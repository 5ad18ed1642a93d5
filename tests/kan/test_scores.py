"""Scores against their formulas and numbers written out."""

import numpy as np
import pytest

from kan.encoding import learn_encoding
from kan.network import Kan
from kan.scores import score, scores
from kan.split import Part
from kan.state import Array, NetworkState
from tests.kan.training import Table

X = {"x": np.arange(4.0)}
EVERY = np.ones(4, dtype=bool)


def regression(*targets: list[float]) -> tuple[Table, tuple[str, ...]]:
    names = tuple(f"y{i}" for i in range(len(targets)))
    return {**X, **{name: np.array(values) for name, values in zip(names, targets, strict=True)}}, names


def scored(outputs_in_units: list[list[float]], *targets: list[float]) -> dict[str, float | int | None]:
    table, names = regression(*targets)
    encoding = learn_encoding(table, ["x"], names, "regression", EVERY)
    mean = np.array([item.mean for item in encoding.outputs])  # type: ignore[union-attr]
    std = np.array([item.std for item in encoding.outputs])  # type: ignore[union-attr]
    return score(encoding, (np.array(outputs_in_units) - mean) / std, table)


def test_regression_scores_are_in_the_users_units() -> None:
    found = scored([[1.0], [2.0], [3.0], [6.0]], [1.0, 2.0, 3.0, 4.0])
    assert found["rows"] == 4
    assert found["rmse"] == pytest.approx(1.0)
    assert found["mae"] == pytest.approx(0.5)
    assert found["median_absolute_error"] == pytest.approx(0.0, abs=1e-12)
    assert found["max_error"] == pytest.approx(2.0)
    assert found["r2"] == pytest.approx(1 - 4 / 5)


def test_scores_of_several_targets_are_means() -> None:
    found = scored([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [6.0, 0.0]], [1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 1.0, -1.0])
    assert found["rmse"] == pytest.approx(1.0)
    assert found["mae"] == pytest.approx(0.75)
    assert found["median_absolute_error"] == pytest.approx((0.0 + 1.0) / 2)
    assert found["max_error"] == pytest.approx((2.0 + 1.0) / 2)
    assert found["r2"] == pytest.approx((0.2 + 0.0) / 2)


@pytest.mark.parametrize("value", [0.0, 0.1, -7e12])
def test_constant_target_has_no_r2_and_an_rmse(value: float) -> None:
    found = scored([[value + 1.0]] * 4, [value] * 4)
    assert found["r2"] is None
    assert found["rmse"] == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_targets_whose_squares_overflow_are_scored(unit: float) -> None:
    found = scored([[1.0 * unit], [2.0 * unit], [3.0 * unit], [6.0 * unit]], [unit, 2 * unit, 3 * unit, 4 * unit])
    assert found["rmse"] == pytest.approx(unit)
    assert found["max_error"] == pytest.approx(2 * unit)
    assert found["r2"] == pytest.approx(0.2)


def test_one_wild_row_shows_in_the_largest_error_and_not_in_the_median() -> None:
    # Trap 34: of a target with a heavy tail the root mean square tells of a single row.
    found = scored([[1.5], [2.5], [3.5], [4.0]], [1.0, 2.0, 3.0, 1004.0])
    assert found["median_absolute_error"] == pytest.approx(0.5)
    assert found["max_error"] == pytest.approx(1000.0)
    assert found["rmse"] == pytest.approx((1000.0**2 / 4 + 3 * 0.25 / 4) ** 0.5)


def test_class_scores_are_accuracy_and_log_loss() -> None:
    table = {**X, "y": np.array(["a", "b", "b", "a"], dtype=object)}
    encoding = learn_encoding(table, ["x"], ["y"], "classification", EVERY)
    shares = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9], [0.4, 0.6]])
    found = score(encoding, np.log(shares[:, 1:] / shares[:, :1]), table)
    assert found["accuracy"] == pytest.approx(0.5)  # an even row goes to the first class
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.5, 0.9, 0.4]).mean())


def test_impossible_class_has_a_finite_log_loss() -> None:
    table = {**X, "y": np.array(["a", "b", "b", "a"], dtype=object)}
    encoding = learn_encoding(table, ["x"], ["y"], "classification", EVERY)
    found = score(encoding, np.array([[2e6]] * 4), table)
    assert found["log_loss"] == pytest.approx(0.5 * -np.log(1e-15))


def a_state(table: Table) -> NetworkState:
    state = Kan([1, 1]).state()
    return NetworkState(state.layers, encoding=learn_encoding(table, ["x"], ["y0"], "regression", EVERY))


def test_part_without_rows_has_no_scores_and_validation_takes_the_held_out_outputs() -> None:
    table, _ = regression([1.0, 2.0, 3.0, 4.0])
    parts = np.array([Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.UNUSED], dtype=np.uint8)
    held_out: Array = np.zeros((1, 1))
    found = scores(a_state(table), table, parts, held_out)
    assert found["test"] is None
    # Output 0 means the training mean, 2.5; the row's target is 3.
    half = pytest.approx(0.5)
    sizes = {"rmse": half, "mae": half, "median_absolute_error": half, "max_error": half}
    assert found["validation"] == {"rows": 1, **sizes, "r2": None}
    assert found["train"] is not None
    assert found["train"]["rows"] == 2
