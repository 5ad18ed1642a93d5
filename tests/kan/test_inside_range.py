"""The short way gives what the long one gives, or nothing."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kan.encoding import Encoding, LevelsInput, NumberInput, NumberOutput, encode
from kan.inside_range import inside_range

TARGET = (NumberOutput("y", 0.0, 1.0),)
INPUTS = (
    NumberInput("a", "a", 300.0, 171.3, 100.0, 500.0),
    NumberInput("b", "b", -0.1, 0.7, -1.0, 1.0, None, -3.0, 3.0),
)
ENCODING = Encoding(INPUTS, TARGET)


def test_rows_inside_have_the_same_bits() -> None:
    generator = np.random.default_rng(0)
    table = {"a": generator.uniform(100, 500, 1_000), "b": generator.uniform(-1, 1, 1_000)}
    short = inside_range(ENCODING)
    assert short is not None
    found = short.encode(table)
    assert found is not None
    assert_array_equal(found, encode(ENCODING, table))
    assert short.encode({"a": np.zeros(0), "b": np.zeros(0)}).shape == (0, 2)  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 99.999, 500.001])
def test_a_row_that_needs_a_look_is_left_to_the_long_way(value: float) -> None:
    short = inside_range(ENCODING)
    assert short is not None
    assert short.encode({"a": np.array([200.0, value]), "b": np.zeros(2)}) is None


@pytest.mark.parametrize("value", [-400.0, 700.0])
def test_a_far_row_of_the_training_counts_as_the_floor_or_the_ceiling(value: float) -> None:
    encoding = Encoding((NumberInput("a", "a", 0.0, 1.0, -500.0, 900.0, None, -20.0, 20.0),), TARGET)
    short = inside_range(encoding)
    assert short is not None
    assert short.encode({"a": np.array([value])}) is None
    ends = {"a": np.array([-20.0, 20.0])}
    found = short.encode(ends)
    assert found is not None
    assert_array_equal(found, encode(encoding, ends))


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding((*INPUTS, LevelsInput("c", "c", ("u", "v"), (1, 1))), TARGET),
        Encoding((NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0, 0.5),), TARGET),
        Encoding(INPUTS, TARGET, unused=("a",)),
    ],
)
def test_other_inputs_have_no_short_way(encoding: Encoding) -> None:
    assert inside_range(encoding) is None
