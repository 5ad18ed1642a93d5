"""A frame of columns with types of their own (Parquet, Arrow) as numbers and text, every value checked."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from service.domain.errors import BodyTooLarge, Fault
from service.domain.tables.parsed import (
    MAX_MAGNITUDE,
    MAX_TEXT_LENGTH,
    TableLimits,
    check_has_rows,
    checked_names,
    invalid_table,
    pointer_to,
)

_TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null)


def plain_frame(frame: pl.DataFrame, limits: TableLimits) -> tuple[pl.DataFrame, frozenset[str]]:
    """Gives the table, columns of Float64 or String, and the names of its date columns; null and NaN are missing.

    Raises:
        InvalidTable: bad names, numbers that are not finite.
        BodyTooLarge: rows, columns, cells or bytes of text over the limit.
    """
    check_types(frame.schema)
    dates = frozenset(name for name, dtype in frame.schema.items() if dtype.is_temporal())
    _check_size(frame, limits)
    plain = pl.DataFrame([_plain(column) for column in frame.get_columns()])
    _check_values(plain)
    names = checked_names(plain.columns)
    return plain.rename(dict(zip(plain.columns, names, strict=True))), dates


def check_types(schema: Mapping[str, pl.DataType]) -> None:
    """Raises InvalidTable where a column is nested or binary."""
    faults = [
        _fault(None, name, "unknown_type", "expected numbers, text, booleans or dates")
        for name, dtype in schema.items()
        if not (dtype.is_numeric() or dtype.is_temporal() or dtype in _TEXT_TYPES)
    ]
    if faults:
        raise invalid_table(faults)


def _plain(column: pl.Series) -> pl.Series:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if isinstance(column.dtype, pl.Duration):
        return column.cast(pl.Int64).cast(pl.String)
    return column.cast(pl.String)


def _check_size(frame: pl.DataFrame, limits: TableLimits) -> None:
    check_has_rows(frame.height)
    limits.check_shape(frame.height, frame.width)
    # A dictionary lets millions of cells share one long text; to look at each, or to store it, would write it out.
    text = sum(_text_bytes(column) for column in frame.get_columns())
    if text > limits.max_bytes:
        raise BodyTooLarge("bytes of text", limits.max_bytes)


def _text_bytes(column: pl.Series) -> int:
    if column.dtype == pl.String:
        lengths = column.str.len_bytes()
    elif isinstance(column.dtype, pl.Categorical | pl.Enum):
        lengths = column.cat.len_bytes()
    else:
        return 0
    # Polars adds up in the type of the lengths, which are of 32 bits.
    return int(lengths.cast(pl.UInt64).sum())


def _check_values(frame: pl.DataFrame) -> None:
    faults = [fault for column in frame.get_columns() if (fault := _value_fault(column)) is not None]
    if faults:
        raise invalid_table(faults)


def _value_fault(column: pl.Series) -> Fault | None:
    if column.dtype == pl.String:
        bad = (column.str.len_bytes() > MAX_TEXT_LENGTH) | column.str.contains("\0", literal=True)
        message = f"expected text of at most {MAX_TEXT_LENGTH} bytes without NUL"
        return _fault(bad.arg_max(), column.name, "bad_text", message) if bad.any() else None
    bad = column.abs() > MAX_MAGNITUDE
    message = f"expected a finite number of at most {MAX_MAGNITUDE:g} in magnitude"
    return _fault(bad.arg_max(), column.name, "not_finite", message) if bad.any() else None


def _fault(row: int | None, column: str, code: str, message: str) -> Fault:
    pointer = pointer_to("columns", column, *([] if row is None else [row]))
    where = f"column {column!r}" if row is None else f"row {row}, column {column!r}"
    return Fault(pointer, code, f"{where}: {message}")
