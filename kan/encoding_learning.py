"""Learns an encoding from the training rows of a table, and from no other row."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding_checks import category_column, number_column, present_column, refuse_rows, row_count
from kan.encoding_columns import (
    MISSING_LEVEL,
    BinaryOutput,
    ClassOutput,
    Encoding,
    Input,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    Output,
    Table,
)
from kan.errors import BadTrainingData, InvalidConfig
from kan.state import Array

MAX_LEVELS = 256
# A number counts as at most so many half ranges from the middle: further out a spline goes on linearly, and in
# training a single row would outweigh all others in the normal equations.
FARTHEST_INPUT = 20.0
# Beyond the training range a straight line goes on for so many half ranges: where it ends, a size of 0 that stands for
# a missing one (log price of diamonds, two splits) costs 0.013 of R2, and without an end 0.09.
ROOM_OUTSIDE = 0.25
# The grid reaches as far as the data unless they go on further than this many spreads beyond the outer quantiles.
OUTLIER_SPREADS = 3.0
OUTER_QUANTILES = (0.005, 0.995)


def learn_encoding(
    table: Table, inputs: Sequence[str], targets: Sequence[str], task: str, rows: NDArray[Any]
) -> Encoding:
    """Gives the encoding that fits the training rows.

    Args:
        table: column name -> (n,) float64 (NaN = missing) or object array of str | None.
        inputs: columns to use; those that cannot be used are listed in `dropped` with a reason.
        targets: columns to predict; exactly one for classification.
        task: "regression" or "classification".
        rows: indices or mask of the training rows.

    Raises:
        EncodingError: a column is absent, of the wrong type, or a training row has no target.
        BadTrainingData: no training row, no usable input, or a single class.
        InvalidConfig: an unknown task, or several targets for classification.
    """
    if task not in ("regression", "classification"):
        raise InvalidConfig("task", "expected regression or classification")
    if not targets or (task == "classification" and len(targets) != 1):
        raise InvalidConfig("targets", f"expected {'one target' if task == 'classification' else 'a target'}")
    row_count(table, [*inputs, *targets])
    chosen = np.arange(len(present_column(table, targets[0])))[rows]
    if not len(chosen):
        raise BadTrainingData("there is no training row")
    outputs = tuple(_learn_output(table, column, task, chosen) for column in targets)
    learnt = {column: _learn_input(table, column, chosen) for column in inputs}
    found = tuple(item for result in learnt.values() if not isinstance(result, str) for item in result)
    dropped = tuple((column, result) for column, result in learnt.items() if isinstance(result, str))
    if not found:
        reasons = "; ".join(f"{column}: {reason}" for column, reason in dropped)
        raise BadTrainingData(f"no input can be used ({reasons or 'none was given'})")
    return Encoding(found, outputs, dropped)


def class_names(table: Table, column: str) -> NDArray[np.object_]:
    """Gives the class of every row as text, None where it is missing; whole numbers lose their ".0"."""
    values = present_column(table, column)
    if values.dtype.kind in "OU":
        return category_column(table, column)
    numbers = number_column(table, column)
    names = [None if np.isnan(x) else str(int(x)) if x == int(x) else repr(float(x)) for x in numbers]
    return np.array(names, dtype=object)


def robust_range(values: Array) -> tuple[float, float]:
    """Gives the range the grid shall cover: all the data, but for outliers that would swallow the grid.

    An outlier lies further than 3 spreads beyond the 0.5 or 99.5 % quantile (the spread is the distance of the
    quartiles, or that of these quantiles where half of the values are equal); the range then ends at the last value
    that is none. Quantiles are taken towards the middle, so that in a small sample one value alone cannot move them.

    Args:
        values: (rows,) finite, at least one.
    """
    magnitude = float(np.max(np.abs(values))) or 1.0
    # In units of the largest value, so that no difference overflows.
    scaled = np.sort(values / magnitude)
    inner_low = float(np.quantile(scaled, OUTER_QUANTILES[0], method="higher"))
    inner_high = float(np.quantile(scaled, OUTER_QUANTILES[1], method="lower"))
    quartiles = np.quantile(scaled, [0.25, 0.75], method="nearest")
    spread = float(quartiles[1] - quartiles[0]) or inner_high - inner_low
    if spread <= 0:
        return float(values.min()), float(values.max())
    reach = OUTLIER_SPREADS * spread
    kept = np.sort(values)[(scaled >= inner_low - reach) & (scaled <= inner_high + reach)]
    return float(kept[0]), float(kept[-1])


def _learn_output(table: Table, column: str, task: str, rows: NDArray[np.intp]) -> Output:
    if task == "classification":
        names = class_names(table, column)
        _refuse_missing(column, np.array([name is None for name in names], dtype=bool), rows)
        classes = sorted(set(names[rows]), key=_class_order)
        if len(classes) < 2:
            raise BadTrainingData(f"the target {column!r} has a single class in the training rows")
        return (BinaryOutput if len(classes) == 2 else ClassOutput)(column, tuple(classes))
    values = number_column(table, column)
    _refuse_missing(column, np.isnan(values), rows)
    magnitude = float(np.max(np.abs(values[rows]))) or 1.0
    scaled = values[rows] / magnitude
    mean, std = float(scaled.mean()), float(scaled.std())
    # A mean of equal numbers may differ from them in the last bits: that spread is none.
    if std <= 1e-14:
        return NumberOutput(column, float(values[rows][0]), 1.0)
    return NumberOutput(column, mean * magnitude, std * magnitude)


def _learn_input(table: Table, column: str, rows: NDArray[np.intp]) -> tuple[Input, ...] | str:
    """Gives the inputs a column becomes, or in words why it cannot be used."""
    if present_column(table, column).dtype.kind in "OU":
        return _learn_category(column, category_column(table, column)[rows])
    return _learn_number(column, number_column(table, column)[rows])


def _learn_number(column: str, values: Array) -> tuple[Input, ...] | str:
    present = values[~np.isnan(values)]
    if not len(present):
        return "no value in the training rows"
    has_missing = len(present) < len(values)
    missing = (MissingInput(f"{column} {MISSING_LEVEL}", column),) if has_missing else ()
    low, high = robust_range(present)
    shift, scale = low / 2 + high / 2, high / 2 - low / 2
    if not scale > 1e-14 * max(abs(low), abs(high)):
        return missing or "the same value in every training row"
    fill = float(np.quantile(present, 0.5, method="lower")) if has_missing else None
    least, most = float(present.min()), float(present.max())
    ends = _counted_ends(least, most, shift, scale)
    return (NumberInput(column, column, shift, scale, least, most, fill, *ends), *missing)


def _counted_ends(low: float, high: float, shift: float, scale: float) -> tuple[float, float]:
    """Gives how far down and up numbers count as they are: a little further than in the training rows."""
    floor = max((low - shift) / scale - ROOM_OUTSIDE, -FARTHEST_INPUT)
    ceiling = min((high - shift) / scale + ROOM_OUTSIDE, FARTHEST_INPUT)
    largest = sys.float_info.max
    return max(shift + scale * floor, -largest), min(shift + scale * ceiling, largest)


def _learn_category(column: str, values: NDArray[np.object_]) -> tuple[Input, ...] | str:
    counts = Counter(MISSING_LEVEL if value is None else value for value in values)
    if len(counts) == 1:
        return "the same value in every training row"
    if len(counts) > MAX_LEVELS:
        return f"{len(counts)} different values, more than {MAX_LEVELS}"
    if len(counts) == len(values) > 2:
        return "a value of its own in every training row"
    levels = sorted(counts, key=lambda level: (level == MISSING_LEVEL, level))
    return (LevelsInput(column, column, tuple(levels), tuple(counts[level] for level in levels)),)


def _refuse_missing(column: str, missing: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
    trained = np.zeros(len(missing), dtype=bool)
    trained[rows] = True
    refuse_rows(column, missing & trained, "expected a target in every training row")


def _class_order(name: str) -> tuple[bool, float, str]:
    """Sorts classes that are numbers by size, the others by name behind them."""
    try:
        return (False, float(name), name)
    except ValueError:
        return (True, 0.0, name)
