"""Rows to predict for as a parsed table, or as the parameters of an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from service.domain.errors import Fault
from service.domain.prediction_forms.cells import read_cells, series_array
from service.domain.prediction_forms.columns import InputColumn, InputTable, check_names, invalid_rows, kind_words
from service.domain.tables.parsed import pointer_to


def stored_type(column: InputColumn) -> type[pl.DataType]:
    """Gives the type of a column in a parsed table, and in a stored one."""
    return pl.Float64 if column.is_number else pl.String


def read_frame(frame: pl.DataFrame, columns: Sequence[InputColumn], place: str = "rows") -> InputTable:
    """Takes a parsed table (NDJSON, Parquet), its columns in any order.

    Raises:
        InvalidRows: wrong names, or a column of the wrong type.
    """
    check_names(columns, frame.columns, "")

    def pointer(row: int, name: str | None) -> str:
        return pointer_to(place, row, *([] if name is None else [name]))

    arrays: dict[str, Any] = {}
    for column in columns:
        series = frame[column.name]
        if series.dtype != stored_type(column) and series.null_count() < len(series):
            code = "not_a_number" if column.is_number else "not_text"
            first = int(series.is_not_null().arg_max() or 0)
            message = f"column {column.name!r}: expected {kind_words(column)}"
            raise invalid_rows([Fault(pointer(first, column.name), code, message)])
        arrays[column.name] = series_array(column, series)
    return InputTable(arrays, len(frame), pointer)


def read_parameters(
    items: Sequence[tuple[str, str]], columns: Sequence[InputColumn], options: frozenset[str]
) -> tuple[InputTable, dict[str, str]]:
    """Reads one row from the parameters of an address, and the options among them.

    Args:
        items: names and values as they came.
        columns: of the model.
        options: names that are options; a column named so is written `input.<name>`.

    Raises:
        InvalidRows: unknown, missing or doubled parameters, or a value of the wrong type.
    """
    names = {column.name for column in columns}
    chosen: dict[str, str] = {}
    values: dict[str, str] = {}
    for name, value in items:
        is_option = name in options
        plain = name.removeprefix("input.") if name not in names or is_option else name
        target = chosen if is_option else values
        if (name if is_option else plain) in target:
            raise invalid_rows([Fault(f"?{name}", "duplicate", "expected each parameter once")])
        target[name if is_option else plain] = value
    check_names(columns, values, "?")

    def pointer(_row: int, name: str | None) -> str:
        return f"?{name}"

    arrays = {c.name: read_cells(pl.Series([values[c.name]], dtype=pl.String), c, pointer) for c in columns}
    return InputTable(arrays, 1, pointer), chosen
