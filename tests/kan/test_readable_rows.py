"""Rows that no prediction or score can be made of, found by column and by halving."""

import numpy as np
import pytest

from kan.encoding import ClassOutput, Encoding, LevelsInput, NumberInput, NumberOutput
from kan.encoding_columns import MISSING_LEVEL
from kan.readable_rows import unreadable_rows

NUMBER, FILLED = NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0), NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0, fill=0.0)
LEVELS, OPEN = LevelsInput("c", "c", ("x",), (1,)), LevelsInput("c", "c", ("x", MISSING_LEVEL), (1, 1))
TABLE = {
    "a": np.array([0.5, np.nan, 0.1, 0.2, 0.3]),
    "c": np.array(["x", "x", None, "new", "x"], dtype=object),
    "y": np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
    "k": np.array(["p", "q", "p", "q", "r"], dtype=object),
}


@pytest.mark.parametrize(
    ("inputs", "unused", "expected"),
    [
        ((NUMBER, LEVELS), (), [1, 2]),
        ((FILLED, LEVELS), (), [2]),
        ((NUMBER, OPEN), (), [1]),
        ((NUMBER, LEVELS), ("a",), [2]),
    ],
    ids=["both always there", "a filled", "c may be missing", "a not read"],
)
def test_a_missing_value_where_training_had_none_is_unreadable(
    inputs: tuple[NumberInput, LevelsInput], unused: tuple[str, ...], expected: list[int]
) -> None:
    encoding = Encoding(inputs, (NumberOutput("y", 0.0, 1.0),), unused=unused)
    assert unreadable_rows(encoding, TABLE, np.arange(5)) == expected
    assert unreadable_rows(encoding, TABLE, np.array([0, 4])) == []
    assert unreadable_rows(encoding, TABLE, np.array([], dtype=np.intp)) == []


def test_a_class_that_training_never_saw_is_unreadable() -> None:
    encoding = Encoding((FILLED,), (ClassOutput("k", ("p", "q")),))
    assert unreadable_rows(encoding, TABLE, np.arange(5)) == [4]


def test_a_number_that_the_scale_makes_infinite_is_unreadable() -> None:
    tiny = NumberInput("a", "a", 0.0, 1e-300, -1.0, 1.0, fill=0.0)
    encoding = Encoding((tiny,), (NumberOutput("y", 0.0, 1.0),))
    table = {**TABLE, "a": np.array([0.0, 1e100, 0.0, 0.0, -1e100])}
    assert unreadable_rows(encoding, table, np.arange(5)) == [1, 4]
