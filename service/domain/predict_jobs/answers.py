"""Predictions of rows one of which may be bad: it gets its error, the others get their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kan.encoding import ClassOutput, Encoding, decode, encode, outside_rows, probabilities
from kan.encoding_learning import class_names
from kan.errors import EncodingError
from service.domain.columns import table_arrays
from service.domain.prediction_forms.cells import series_array
from service.domain.prediction_forms.columns import InputColumn, input_columns

NOT_FINITE = "no finite result: a value is too far from the training range, or a formula is undefined there"
ROW, OUTSIDE, ERROR = "row", "outside", "error"

Floats = NDArray[np.float64]
Table = dict[str, NDArray[Any]]


def titled(word: str, output: str, outputs: Sequence[str]) -> str:
    """Gives the name of a column: "prediction", or of several outputs "prediction(strength)"."""
    return word if len(outputs) == 1 else f"{word}({output})"


def predicted_frame(
    encoding: Encoding, evaluate: Callable[[Floats], Floats], frame: pl.DataFrame, first_row: int
) -> pl.DataFrame:
    """Gives a line for each row: its number, predictions, what is known to be true, values outside, and its error.

    Args:
        encoding: of the network.
        evaluate: gives its outputs for rows in network units.
        frame: rows of a stored data set, with the columns that the network reads.
        first_row: number of the first of them.
    """
    rows = _Rows(encoding, evaluate, frame)
    columns = [pl.Series(ROW, np.arange(first_row, first_row + frame.height))]
    columns += _classes(encoding, rows, frame) if encoding.task == "classification" else _numbers(encoding, rows, frame)
    columns += [pl.Series(OUTSIDE, rows.outside()), pl.Series(ERROR, rows.errors, dtype=pl.String)]
    return pl.DataFrame(columns)


class _Rows:
    """The outputs of the rows that have some.

    Attributes:
        raw: (rows, outputs) of the network; NaN in bad rows.
        errors: of each row, None where it is good.
    """

    def __init__(self, encoding: Encoding, evaluate: Callable[[Floats], Floats], frame: pl.DataFrame) -> None:
        self._encoding, self._evaluate = encoding, evaluate
        columns = input_columns(encoding)
        self._table: Table = {column.name: series_array(column, frame[column.name]) for column in columns}
        self.raw = np.full((frame.height, encoding.network_outputs), np.nan)
        self.errors: list[str | None] = [None] * frame.height
        for column in columns:
            self._mark_missing(column)
        self._answer(np.flatnonzero([error is None for error in self.errors]))
        for row in np.flatnonzero(~np.isfinite(decode(encoding, self.raw)).all(axis=1)):
            self.errors[row] = self.errors[row] or NOT_FINITE
            self.raw[row] = np.nan

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which rows have an answer."""
        return np.array([error is None for error in self.errors], dtype=bool)

    def outside(self) -> NDArray[np.int64]:
        """Gives how many values of each good row training never saw."""
        good = np.flatnonzero(self.good)
        found = outside_rows(self._encoding, self._taken(good)) if len(good) else []
        counts = np.zeros(len(self.errors), dtype=np.int64)
        np.add.at(counts, good[[item.row for item in found]], 1)
        return counts

    def _mark_missing(self, column: InputColumn) -> None:
        if column.takes_missing:
            return
        values = self._table[column.name]
        missing = np.isnan(values) if column.is_number else np.array([value is None for value in values], bool)
        for row in np.flatnonzero(missing):
            self.errors[row] = self.errors[row] or f"column {column.name!r} has no value; in training it always had one"

    def _answer(self, rows: NDArray[np.intp]) -> None:
        """Evaluates rows together; where one of them cannot be encoded, in halves."""
        if len(rows) == 0:
            return
        try:
            self.raw[rows] = self._evaluate(encode(self._encoding, self._taken(rows)))
        except EncodingError as error:
            if len(rows) == 1:
                self.errors[rows[0]] = f"column {error.column!r}: {error.message}"
                return
            middle = len(rows) // 2
            self._answer(rows[:middle])
            self._answer(rows[middle:])

    def _taken(self, rows: NDArray[np.intp]) -> Table:
        return {name: values[rows] for name, values in self._table.items()}


def _numbers(encoding: Encoding, rows: _Rows, frame: pl.DataFrame) -> list[pl.Series]:
    names = [item.name for item in encoding.outputs]
    values, columns = decode(encoding, rows.raw), []
    for place, name in enumerate(names):
        said = pl.Series(titled("prediction", name, names), values[:, place]).fill_nan(None)
        columns.append(said)
        if name in frame.columns and frame[name].dtype == pl.Float64:
            actual = frame[name].rename(titled("actual", name, names))
            columns += [actual, (actual - said).rename(titled("residual", name, names))]
    return columns


def _classes(encoding: Encoding, rows: _Rows, frame: pl.DataFrame) -> list[pl.Series]:
    target = encoding.outputs[0]
    assert isinstance(target, ClassOutput)
    good = rows.good
    shares = np.full((len(good), len(target.classes)), np.nan)
    shares[good] = probabilities(encoding, rows.raw[good])
    best = np.nan_to_num(shares).argmax(axis=1)
    said = [target.classes[place] if is_good else None for place, is_good in zip(best, good, strict=True)]
    columns = [pl.Series("prediction", said, dtype=pl.String)]
    if target.name in frame.columns:
        kind = "number" if frame[target.name].dtype == pl.Float64 else "category"
        actual = class_names(table_arrays(frame, {target.name: kind}), target.name)
        columns.append(pl.Series("actual", list(actual), dtype=pl.String))
    return columns + [
        pl.Series(f"probability({name})", shares[:, place]).fill_nan(None) for place, name in enumerate(target.classes)
    ]
