"""CSV: the delimiter is found, every row has as many cells as the header, and faults are named by line and column."""

from __future__ import annotations

import codecs
import csv
import io
from array import array
from collections.abc import Iterator
from itertools import chain

import polars as pl

from service.domain.errors import MalformedBody
from service.domain.tables.parsed import (
    MAX_TEXT_LENGTH,
    TableLimits,
    check_has_rows,
    checked_names,
    invalid_table,
    line_fault,
    pointer_to,
)
from service.domain.tables.text_columns import typed_text_column, without_missing

DELIMITERS = (",", ";", "\t", "|")
MAX_RECORD_LENGTH = 1 << 20
_ROWS_AT_A_TIME = 20_000
_SAMPLE_BYTES = 1 << 16
_SAMPLE_ROWS = 20


def read_csv(data: bytes, limits: TableLimits) -> pl.DataFrame:
    """Reads CSV; UTF-8 with or without a byte order mark; quoted cells may hold line breaks.

    A first row of numbers alone is no header but a row: the columns are then x1, x2 and so on. Blank lines are skipped.
    Empty cells, NA, N/A, null and NaN are missing.

    Raises:
        MalformedBody: no UTF-8 text, or broken quotes.
        InvalidTable: bad names, ragged rows, text among numbers, numbers that are not finite.
        BodyTooLarge: noticed while reading.
    """
    limits.check_bytes(len(data))
    check_is_text(data)
    records = Records(data, sniffed_delimiter(data))
    first = next(records, None)
    if first is None:
        raise invalid_table([line_fault(1, None, "empty", "expected a header and rows, got an empty file")])
    line, cells = first
    limits.check_shape(0, len(cells))
    if _are_numbers(cells):
        names, rows = [f"x{place + 1}" for place in range(len(cells))], chain([first], records)
    else:
        names, rows = checked_names(cells, pointer_to("lines", line)), chain(records)
    frame, lines = _text_frame(rows, names, limits)
    return _typed(frame, lines)


def sniffed_delimiter(data: bytes) -> str:
    """Gives the delimiter under which the first rows agree best with the header; a comma where none splits it."""
    sample = data[:_SAMPLE_BYTES].decode("utf-8-sig", errors="ignore")
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        score = _agreement(sample, delimiter)
        if score[1] > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _agreement(sample: str, delimiter: str) -> tuple[float, int]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return 0.0, 0
    if not rows:
        return 0.0, 0
    width = len(rows[0])
    return sum(len(row) == width for row in rows) / len(rows), width


def check_is_text(data: bytes) -> None:
    """Raises MalformedBody where the bytes are an archive, UTF-16, or hold a NUL."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise MalformedBody("expected UTF-8, got UTF-16")
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"\x93NUMPY")):
        raise MalformedBody("expected CSV text, got an archive or a binary file")
    at = data.find(b"\0")
    if at >= 0:
        raise _malformed(data.count(b"\n", 0, at) + 1, "expected text, got a NUL byte")


class Records:
    """Iterates over (line, cells); bounds each record, so that one quote cannot swallow the whole upload."""

    def __init__(self, data: bytes, delimiter: str) -> None:
        self._data = data
        self._text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
        self._reader = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        self._pending = 0

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(MAX_RECORD_LENGTH + 1):
            self._pending += len(line)
            if self._pending > MAX_RECORD_LENGTH:
                raise csv.Error(f"a row is longer than {MAX_RECORD_LENGTH} characters")
            yield line

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        row: list[str] = []
        line = 0
        while not row:
            line, self._pending = self._reader.line_num + 1, 0
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise _malformed(line, _plain(error)) from None
            except UnicodeDecodeError:
                raise _malformed(_line_of_bad_byte(self._data), "expected UTF-8") from None
        return line, row


def _malformed(line: int, message: str) -> MalformedBody:
    fault = line_fault(line, None, "malformed", message)
    return MalformedBody(fault.message, [fault])


def _plain(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end of data" in message:
        return "a quoted cell is never closed"
    if "field larger" in message:
        return f"a cell is longer than {MAX_TEXT_LENGTH} characters"
    return message


def _line_of_bad_byte(data: bytes) -> int:
    for number, line in enumerate(io.BytesIO(data), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return number
    return 1


def _are_numbers(cells: list[str]) -> bool:
    """Is every cell a number or a word for a missing one? An empty cell is rather the name of an index."""
    text = pl.Series(cells, dtype=pl.String).str.strip_chars()
    present = without_missing(text).drop_nulls()
    return len(present) > 0 and not (text == "").any() and present.cast(pl.Float64, strict=False).null_count() == 0


def _text_frame(
    records: Iterator[tuple[int, list[str]]], names: list[str], limits: TableLimits
) -> tuple[pl.DataFrame, array[int]]:
    lines = array("q")
    parts: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    for line, row in records:
        if len(row) != len(names):
            raise invalid_table([line_fault(line, None, "ragged_row", _ragged(names, len(row)))])
        rows.append(row)
        lines.append(line)
        if len(rows) == _ROWS_AT_A_TIME:
            limits.check_shape(len(lines), len(names))
            parts.append(_part(rows, names))
            rows = []
    limits.check_shape(len(lines), len(names))
    check_has_rows(len(lines))
    return pl.concat([*parts, _part(rows, names)]), lines


def _part(rows: list[list[str]], names: list[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pl.DataFrame([pl.Series(name, cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True)])


def _ragged(names: list[str], cells: int) -> str:
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"expected {len(names)} cells ({shown}), got {cells}"


def _typed(frame: pl.DataFrame, lines: array[int]) -> pl.DataFrame:
    typed = [typed_text_column(column, lines) for column in frame.get_columns()]
    faults = tuple(fault for _, fault in typed if fault is not None)
    if faults:
        raise invalid_table(faults)
    return pl.DataFrame([column for column, _ in typed])
