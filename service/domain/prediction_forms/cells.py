"""Cells that came as text: each column by the type that the signature gives it, never by its looks."""

from __future__ import annotations

import numpy as np
import polars as pl

from service.domain.errors import Fault
from service.domain.prediction_forms.columns import InputColumn, Pointer, Values, invalid_rows, kind_words
from service.domain.tables.text_columns import without_missing

# Longer than any float64 written out in full; a longer cell is refused before anything reads it as a number.
MAX_NUMBER_LENGTH = 64
# Polars would also take "inf"; its expressions run in linear time.
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


def read_cells(cells: pl.Series, column: InputColumn, pointer: Pointer) -> Values:
    """Gives a column of text as kan's array.

    Args:
        cells: text as it stood in the file or address.
        column: what the model expects.
        pointer: where (row, column) stood.

    Raises:
        InvalidRows: points at the first cell that is no number in a number column.
    """
    text = without_missing(cells)
    if column.levels is not None:
        return series_array(column, _with_levels(cells, text, column.levels))
    short = text.str.len_bytes() <= MAX_NUMBER_LENGTH
    # What is too long becomes empty, which is no number.
    bad = ~text.set(~short, "").str.contains(_NUMBER)
    if bad.any():
        message = f"column {column.name!r}: expected {kind_words(column)}"
        raise invalid_rows([Fault(pointer(int(bad.arg_max() or 0), column.name), "not_a_number", message)])
    return series_array(column, text)


def series_array(column: InputColumn, series: pl.Series) -> Values:
    """Gives a column of numbers or text as kan's array; equal texts share one object."""
    if column.is_number:
        return series.cast(pl.Float64).to_numpy()  # null becomes NaN
    known: dict[str | None, str | None] = {}
    return np.fromiter((known.setdefault(text, text) for text in series), dtype=object, count=len(series))


def _with_levels(cells: pl.Series, text: pl.Series, levels: tuple[str, ...]) -> pl.Series:
    """Keeps what training had for a value, were it "NA": data sets that are no CSV have such categories."""
    for known in (cells.str.strip_chars(), cells):
        text = known.zip_with(known.is_in(levels), text)
    return text
