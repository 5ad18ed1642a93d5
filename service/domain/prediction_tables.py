"""Rows to predict for as CSV, as a parsed table, or as the parameters of an address."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from service.domain.errors import Fault, InvalidRows, MalformedBody
from service.domain.names import normal_name
from service.domain.prediction_columns import InputColumn, InputTable, check_names, invalid_rows, kind_words, listed
from service.domain.prediction_json import array_of
from service.domain.tables.csv import sniffed_delimiter
from service.domain.tables.parsed import pointer_to
from service.domain.tables.text_columns import MISSING, MISSING_IN_ANY_CASE

# float() would also take "1_000", "infinity" and white space of any script.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


def read_csv(body: bytes, columns: Sequence[InputColumn]) -> InputTable:
    """Reads CSV with a header; each cell by the type that the signature gives its column, never by its looks.

    Raises:
        MalformedBody: no UTF-8, no CSV.
        InvalidRows: by line and column.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise MalformedBody(f"line {line}: expected UTF-8") from None
    records = _records(text, sniffed_delimiter(body))
    header = next(records, None)
    if header is None:
        raise InvalidRows("expected a header and rows, got nothing", [Fault("/lines/1", "empty", "expected a header")])
    names = [normal_name(name) for name in header[1]]
    if len(set(names)) < len(names):
        raise invalid_rows([Fault(f"/lines/{header[0]}", "duplicate_column", "expected unique column names")])
    check_names(columns, names, f"/lines/{header[0]}")
    lines, cells = _cells(records, names)
    by_name = dict(zip(names, zip(*cells, strict=True) if cells else [()] * len(names), strict=True))

    def pointer(row: int, name: str | None) -> str:
        return pointer_to("lines", lines[row], *([] if name is None else [name]))

    arrays = {
        column.name: array_of(
            column, [_read_cell(cell, column, pointer, row) for row, cell in enumerate(by_name[column.name])]
        )
        for column in columns
    }
    return InputTable(arrays, len(lines), pointer)


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
        wanted = pl.Float64 if column.is_number else pl.String
        if series.dtype != wanted and series.null_count() < len(series):
            code = "not_a_number" if column.is_number else "not_text"
            first = int(series.is_not_null().arg_max() or 0)
            message = f"column {column.name!r}: expected {kind_words(column)}"
            raise invalid_rows([Fault(pointer(first, column.name), code, message)])
        arrays[column.name] = array_of(column, series.to_list())
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

    arrays = {c.name: array_of(c, [_read_cell(values[c.name], c, pointer, 0)]) for c in columns}
    return InputTable(arrays, 1, pointer), chosen


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise MalformedBody(f"line {reader.line_num}: not CSV: {error}") from None


def _cells(records: Iterator[tuple[int, list[str]]], names: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    lines: list[int] = []
    cells: list[list[str]] = []
    for line, row in records:
        if len(row) != len(names):
            message = f"expected {listed(names)} cells, got {len(row)}"
            raise invalid_rows([Fault(f"/lines/{line}", "ragged_row", message)])
        lines.append(line)
        cells.append(row)
    return lines, cells


def _read_cell(cell: str, column: InputColumn, pointer: Any, row: int) -> float | str | None:
    text = cell.strip()
    if text in MISSING or text.lower() in MISSING_IN_ANY_CASE:
        return None
    if not column.is_number:
        return text
    if not _NUMBER.fullmatch(text):
        message = f"column {column.name!r}: expected {kind_words(column)}"
        raise invalid_rows([Fault(pointer(row, column.name), "not_a_number", message)])
    return float(text)
