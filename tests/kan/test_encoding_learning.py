"""What an encoding learns: ranges that outliers do not move, levels, reasons why a column is dropped."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kan.encoding import (
    MissingInput,
    NumberInput,
    encode,
    learn_encoding,
)
from kan.encoding_learning import robust_range
from kan.errors import BadTrainingData, EncodingError, InvalidConfig
from tests.kan.tables import NAN, class_table, learnt, table_of_all_kinds, texts


@pytest.mark.parametrize("factor", [1e9, 1e-9, -3.0, 1e300, 1e-300])
def test_scaled_column_gives_the_same_inputs(factor: float) -> None:
    values = np.random.default_rng(0).normal(size=300)
    for column in (values, np.exp(2 * values), np.append(values[1:], 1e6)):
        one = {"x": column, "y": np.arange(300.0)}
        other = {**one, "x": column * factor}
        expected = encode(learnt(one, "x", rows=300), one)
        found = encode(learnt(other, "x", rows=300), other)
        np.testing.assert_allclose(found * np.sign(factor), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [8, 20, 100, 1000, 5000])
@pytest.mark.parametrize("sign", [-1, 1])
def test_row_at_a_million_sigma_does_not_swallow_the_grid(rows: int, sign: int) -> None:
    values = np.random.default_rng(0).normal(size=rows)
    values[rows // 2] = sign * 1e6
    low, high = robust_range(values)
    rest = np.delete(values, rows // 2)
    assert (low, high) == (rest.min(), rest.max())


@pytest.mark.parametrize("kind", ["uniform", "normal", "exponential"])
def test_range_without_outliers_is_all_of_it(kind: str) -> None:
    values = getattr(np.random.default_rng(0), kind)(size=2000)
    assert robust_range(values) == (values.min(), values.max())


def test_rare_second_value_is_no_outlier() -> None:
    assert robust_range(np.array([0.0] * 999 + [1.0])) == (0.0, 1.0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60))
def test_any_column_is_encoded_or_dropped_with_a_reason(values: list[float]) -> None:
    table = {"x": np.array(values), "also": np.arange(len(values) + 1.0)[1:], "y": np.arange(float(len(values)))}
    table["also"][0] = -5.0
    if len(values) == 1:
        return
    encoding = learnt(table, "x", "also", rows=len(values))
    assert encoding.network_inputs + len(encoding.dropped) == 2
    try:
        assert np.isfinite(encode(encoding, table)).all()
    except EncodingError:
        # Only an outlier further away than floats reach, in units of the range of the others.
        assert max(values) - min(values) > 1e290 or max(map(abs, values)) > 1e290 * robust_spread(values)


def robust_spread(values: list[float]) -> float:
    low, high = robust_range(np.array(values))
    return high - low


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0] * 20, (-0.5, 4.5)),
        # Training saw the outlier, so the line goes on as far and a little further; but never above 20 half ranges.
        ([0.0, 1.0, 2.0, 3.0, 4.0] * 20 + [30.0], (-0.5, 30.5)),
        ([0.0, 1.0, 2.0, 3.0, 4.0] * 20 + [-1e9], (-38.0, 4.5)),
    ],
)
def test_straight_lines_end_an_eighth_of_the_range_beyond_the_training_rows(
    values: list[float], expected: tuple[float, float]
) -> None:
    table = {"x": np.array(values), "y": np.arange(float(len(values)))}
    (item,) = learnt(table, "x", rows=len(values)).inputs
    assert isinstance(item, NumberInput)
    assert (item.floor, item.ceiling) == pytest.approx(expected)


def test_encoding_does_not_see_rows_outside_training() -> None:
    table = table_of_all_kinds()
    before = learnt(table, "size", "age", "island")
    for name in ("size", "age", "y"):
        table[name][5] = -1e6
    table["island"][5] = "zzz"
    assert learnt(table, "size", "age", "island") == before


def test_mask_and_indices_choose_the_same_rows() -> None:
    table = table_of_all_kinds()
    mask = np.array([True] * 5 + [False])
    assert learn_encoding(table, ["age"], ["y"], "regression", mask) == learnt(table, "age")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (np.full(6, NAN), "no value in the training rows"),
        (np.full(6, 2.5), "the same value in every training row"),
        (texts("a", "a", "a", "a", "a", "a"), "the same value in every training row"),
        (texts("a", "b", "c", "d", "e", "f"), "a value of its own in every training row"),
    ],
)
def test_column_that_cannot_be_used_is_dropped_with_the_reason(column: Any, reason: str) -> None:
    table = {"bad": column, "good": np.arange(6.0), "y": np.arange(6.0)}
    encoding = learnt(table, "bad", "good", rows=6)
    assert encoding.dropped == (("bad", reason),)
    assert encoding.columns == ("good",)


def test_category_of_very_many_levels_is_dropped() -> None:
    names = [str(k % 300) for k in range(900)]
    table = {"id": texts(*names), "x": np.arange(900.0), "y": np.arange(900.0)}
    assert learnt(table, "id", "x", rows=900).dropped == (("id", "300 different values, more than 256"),)


def test_constant_with_missing_values_becomes_its_missing_input() -> None:
    table = {"x": np.array([1.0, NAN, 1.0, 1.0]), "y": np.arange(4.0)}
    encoding = learnt(table, "x", rows=4)
    assert encoding.inputs == (MissingInput("x (missing)", "x"),)
    assert encode(encoding, table)[:, 0].tolist() == [0, 1, 0, 0]


def test_no_usable_input_is_bad_training_data_with_the_reasons() -> None:
    table = {"x": np.full(4, 1.0), "y": np.arange(4.0)}
    with pytest.raises(BadTrainingData, match="x: the same value"):
        learnt(table, "x", rows=4)


def test_no_training_row_is_bad_training_data() -> None:
    with pytest.raises(BadTrainingData, match="no training row"):
        learnt(table_of_all_kinds(), "size", rows=0)


def test_training_row_without_a_target_is_refused_by_row() -> None:
    with pytest.raises(EncodingError) as refused:
        learnt(table_of_all_kinds(), "size", rows=6)
    assert (refused.value.column, refused.value.row) == ("y", 5)


def test_single_class_is_bad_training_data() -> None:
    with pytest.raises(BadTrainingData, match="single class"):
        learnt(class_table(texts("a", "a", "a")), "x", task="classification", rows=3)


@pytest.mark.parametrize(("targets", "task"), [(["y", "size"], "classification"), ([], "regression"), (["y"], "rank")])
def test_impossible_task_is_refused(targets: list[str], task: str) -> None:
    with pytest.raises(InvalidConfig):
        learn_encoding(table_of_all_kinds(), ["age"], targets, task, np.arange(5))
