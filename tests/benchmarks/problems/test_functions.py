"""The 81 functions: all there, finite, drawn the same way every time, with the right errors to reach."""

import numpy as np
import pytest

from benchmarks.problems.functions import (
    Function,
    held_out_functions,
    judging_rows,
    load_functions,
    sample,
    training_rows,
)

FUNCTIONS = {function.name: function for function in load_functions()}


def test_all_sets_are_there_in_order() -> None:
    assert len(FUNCTIONS) == 81
    assert [function.number for function in FUNCTIONS.values()] == list(range(81))
    assert sum(function.must_rmse is not None for function in FUNCTIONS.values()) == 16


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_samples_are_finite_and_training_rows_are_no_test_rows(function: Function) -> None:
    (x, y), (other_x, other_y) = training_rows(function), judging_rows(function)
    assert np.isfinite(y).all()
    assert np.isfinite(other_y).all()
    assert x.shape[1] == len(function.variables)
    assert not np.isin(x[:, 0], other_x[:, 0]).any()


@pytest.mark.parametrize("function", held_out_functions(), ids=lambda function: function.name)
def test_held_out_functions_are_small_finite_and_none_of_the_others(function: Function) -> None:
    x, y = sample(function, 1000, 0)
    assert x.shape[1] <= 3
    assert np.isfinite(y).all()
    assert y.std() > 0.01
    assert function.expression not in {other.expression for other in FUNCTIONS.values()}


def test_sample_has_the_bits_of_the_reference_sampler() -> None:
    # Columns come one after the other from one generator.
    generator = np.random.default_rng(0)
    expected = np.column_stack([generator.uniform(-1.0, 1.0, 1000), generator.uniform(-1.0, 1.0, 1000)])
    x, y = training_rows(FUNCTIONS["toy_mul"])
    assert x.tobytes() == expected.tobytes()
    assert y.tobytes() == (expected[:, 0] * expected[:, 1]).tobytes()


@pytest.mark.parametrize(
    ("name", "must", "goal"),
    [("I.12.5", 0.999, 0.99999), ("Rutherford", 0.99, 0.99999), ("toy_constant", None, None), ("I.29.4", None, None)],
)
def test_asked_for_is_an_r2_an_rmse_or_nothing(name: str, must: float | None, goal: float | None) -> None:
    assert (FUNCTIONS[name].must_r2, FUNCTIONS[name].goal_r2) == (must, goal)


def test_shape_for_other_inputs_is_left_out() -> None:
    assert FUNCTIONS["toy_irrelevant"].widths is None
    assert FUNCTIONS["toy_deep4"].widths == (4, 4, 2, 1)
