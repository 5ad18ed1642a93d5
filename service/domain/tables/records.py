"""Tables as JSON values: named columns, a list of rows, or one row per line (NDJSON)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from service.domain.errors import BodyTooLarge, Fault, InvalidTable, MalformedBody
from service.domain.tables.json_text import check_value_count, parse_json
from service.domain.tables.parsed import (
    TableLimits,
    check_has_rows,
    checked_names,
    invalid_table,
    line_fault,
    pointer_to,
)
from service.domain.tables.typed_columns import FaultAt, typed_column


def read_columns(columns: object, limits: TableLimits) -> pl.DataFrame:
    """Reads `{"a": [1, 2], "b": ["x", null]}`.

    Raises:
        InvalidTable: points at the first bad value of every column.
        BodyTooLarge: too many columns or cells.
    """
    if not isinstance(columns, Mapping):
        raise _expected("/columns", 'expected an object such as {"a": [1, 2], "b": [3, 4]}')
    limits.check_shape(0, len(columns))
    names = checked_names(list(columns), "/columns")
    lists = list(columns.items())
    for key, values in lists:
        if not isinstance(values, list):
            raise _expected(pointer_to("columns", key), "expected an array of values")
        if len(values) != len(lists[0][1]):
            message = f"expected {len(lists[0][1])} values as in the first column, got {len(values)}"
            raise invalid_table([Fault(pointer_to("columns", key), "ragged_column", message)])
    rows = len(lists[0][1])
    check_has_rows(rows, "/columns")
    limits.check_shape(rows, len(names))
    return _frame(names, [values for _, values in lists], _in_columns)


def read_rows(rows: object, limits: TableLimits) -> pl.DataFrame:
    """Reads `[{"a": 1, "b": "x"}, ...]`; every row has the names of the first.

    Raises:
        InvalidTable: points at a row with other names, or at the first bad value of every column.
        BodyTooLarge: too many columns or cells.
    """
    if not isinstance(rows, list):
        raise _expected("/rows", 'expected an array of objects such as [{"a": 1, "b": 2}]')
    check_has_rows(len(rows), "/rows")
    return _from_rows(rows, limits, _in_rows, "/rows/0")


def read_ndjson(data: bytes, limits: TableLimits) -> pl.DataFrame:
    """Reads one JSON object per line; blank lines are skipped.

    Raises:
        MalformedBody: a line that is not JSON.
        InvalidTable: names the line of a row with other names, or the first bad value of every column.
        BodyTooLarge: noticed while reading.
    """
    limits.check_bytes(len(data))
    check_value_count(data, limits)
    rows: list[Any] = []
    lines: list[int] = []
    cells = 0
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        rows.append(parse_json(_decoded(line, number), number))
        lines.append(number)
        cells += len(rows[-1]) if isinstance(rows[-1], dict) else 1
        if cells > limits.max_cells:
            raise BodyTooLarge("cells", limits.max_cells)
        limits.check_shape(len(rows), 0)
    check_has_rows(len(rows))
    return _from_rows(rows, limits, _in_lines(lines), pointer_to("lines", lines[0]))


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        fault = line_fault(number, None, "malformed", "expected UTF-8")
        raise MalformedBody(fault.message, [fault]) from None


def _in_columns(row: int, column: str | None, code: str, message: str) -> Fault:
    return _pointed(pointer_to("columns", column or "", row), code, message)


def _in_rows(row: int, column: str | None, code: str, message: str) -> Fault:
    return _pointed(pointer_to("rows", row, *([] if column is None else [column])), code, message)


def _in_lines(lines: Sequence[int]) -> FaultAt:
    return lambda row, column, code, message: line_fault(lines[row], column, code, message)


def _pointed(pointer: str, code: str, message: str) -> Fault:
    return Fault(pointer, code, f"{pointer}: {message}")


def _expected(pointer: str, message: str) -> InvalidTable:
    return invalid_table([_pointed(pointer, "wrong_type", message)])


def _from_rows(rows: list[Any], limits: TableLimits, fault_at: FaultAt, first_pointer: str) -> pl.DataFrame:
    first = rows[0]
    if not isinstance(first, dict):
        raise invalid_table([fault_at(0, None, "wrong_type", 'expected an object such as {"a": 1, "b": 2}')])
    limits.check_shape(len(rows), len(first))
    names = checked_names(list(first), first_pointer)
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != first.keys():
            raise invalid_table([fault_at(index, None, "ragged_row", _other_names(row, first))])
    return _frame(names, [[row[key] for row in rows] for key in first], fault_at)


def _other_names(row: object, first: Mapping[str, Any]) -> str:
    if not isinstance(row, dict):
        return "expected an object like the first row"
    missing = [name for name in first if name not in row]
    if missing:
        return f"expected the names of the first row; {missing[0]!r} is absent (write null for a missing value)"
    return f"expected the {len(first)} names of the first row, got {len(row)}"


def _frame(names: Sequence[str], columns: Sequence[Sequence[Any]], fault_at: FaultAt) -> pl.DataFrame:
    typed = [typed_column(name, values, fault_at) for name, values in zip(names, columns, strict=True)]
    faults = [fault for _, fault in typed if fault is not None]
    if faults:
        raise invalid_table(faults)
    return pl.DataFrame([column for column, _ in typed])
