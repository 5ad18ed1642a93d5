"""Rows to predict for as CSV with a header, read a bounded part at a time."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import polars as pl

from service.domain.errors import Fault, InvalidRows
from service.domain.names import normal_name
from service.domain.prediction_forms.cells import read_cells
from service.domain.prediction_forms.columns import InputColumn, InputTable, check_names, invalid_rows, listed
from service.domain.tables.csv import Records, check_is_text, sniffed_delimiter
from service.domain.tables.parsed import TableLimits, pointer_to

# Bounds the Python objects that live at one time; the parts are kept in columns.
_CELLS_AT_A_TIME = 100_000


def read_csv(body: bytes, columns: Sequence[InputColumn], limits: TableLimits) -> InputTable:
    """Reads CSV with a header; each cell by the type that the signature gives its column, never by its looks.

    Raises:
        MalformedBody: no UTF-8, no CSV.
        InvalidRows: by line and column.
        BodyTooLarge: too many rows, noticed at the first one too many.
    """
    check_is_text(body)
    records = Records(body, sniffed_delimiter(body))
    names = _header(records, columns)
    frame, lines = _text_frame(records, names, limits)

    def pointer(row: int, name: str | None) -> str:
        return pointer_to("lines", lines[row], *([] if name is None else [name]))

    arrays = {column.name: read_cells(frame[column.name], column, pointer) for column in columns}
    return InputTable(arrays, len(lines), pointer)


def _header(records: Records, columns: Sequence[InputColumn]) -> list[str]:
    header = next(records, None)
    if header is None:
        raise InvalidRows("expected a header and rows, got nothing", [Fault("/lines/1", "empty", "expected a header")])
    names = [normal_name(name) for name in header[1]]
    pointer = pointer_to("lines", header[0])
    if len(set(names)) < len(names):
        raise invalid_rows([Fault(pointer, "duplicate_column", "expected unique column names")])
    check_names(columns, names, pointer)
    return names


def _text_frame(records: Records, names: Sequence[str], limits: TableLimits) -> tuple[pl.DataFrame, array[int]]:
    lines = array("q")
    parts: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    for line, row in records:
        if len(row) != len(names):
            message = f"expected {listed(names)} cells, got {len(row)}"
            raise invalid_rows([Fault(pointer_to("lines", line), "ragged_row", message)])
        rows.append(row)
        lines.append(line)
        limits.check_shape(len(lines), 0)
        if len(rows) * len(names) >= _CELLS_AT_A_TIME:
            parts.append(_part(rows, names))
            rows = []
    return pl.concat([*parts, _part(rows, names)]), lines


def _part(rows: Sequence[Sequence[str]], names: Sequence[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pl.DataFrame([pl.Series(name, cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True)])
