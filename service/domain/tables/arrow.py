"""Arrow streams: sizes are checked message by message before anything is unpacked, then columns become plain."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl

from service.domain.errors import BodyTooLarge, Fault
from service.domain.tables.flatbuffer import Table, damaged, read_number
from service.domain.tables.parsed import CELL_BYTES, TableLimits, invalid_table, pointer_to
from service.domain.tables.typed_frame import plain_frame

_CONTINUES = 0xFFFFFFFF
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
# Of Arrow's Type: null, integers, floats, text, booleans, decimals, dates, times, durations.
_TYPES = (1, 2, 3, 5, 6, 7, 8, 9, 10, 18, 20, 24)
_NOT_PACKED = -1
# Bound the time that headers take.
_MAX_MESSAGES = 20_000
_MAX_HEADER_BYTES = 16 << 20
# Of a name in a refusal.
_MAX_NAME_BYTES = 200


def read_arrow(data: bytes, limits: TableLimits) -> tuple[pl.DataFrame, frozenset[str]]:
    """Gives the table and the names of its date columns; null and NaN are missing.

    Raises:
        MalformedBody: no Arrow stream.
        InvalidTable: nested or binary columns, bad names, numbers that are not finite.
        BodyTooLarge: before they are unpacked: rows, columns, cells or bytes over the limit, or more than such a small
            body may become.
    """
    limits.check_bytes(len(data))
    _check(memoryview(data), limits)
    try:
        return plain_frame(pl.read_ipc_stream(io.BytesIO(data)), limits)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise damaged() from error


def _check(data: memoryview, limits: TableLimits) -> None:
    columns = rows = unpacked = 0
    is_first = True
    for message, body in _messages(data):
        kind, header = message.number(1, "<B"), message.table(2)
        if header is None or (kind == _SCHEMA) != is_first:
            raise damaged()
        is_first = False
        if kind == _SCHEMA:
            columns = _check_schema(header, limits)
            continue
        batch = header.table(1) if kind == _DICTIONARY else header
        if batch is None or kind not in (_DICTIONARY, _BATCH):
            raise damaged()
        rows += _checked_rows(batch) if kind == _BATCH else 0
        unpacked += _unpacked_bytes(batch, body)
        limits.check_shape(rows, columns)
        limits.check_unpacked(len(data), max(unpacked, CELL_BYTES * rows * columns))
        if unpacked > limits.max_bytes:
            raise BodyTooLarge("bytes (unpacked)", limits.max_bytes)
    if is_first:
        raise damaged()


def _messages(data: memoryview) -> Iterator[tuple[Table, memoryview]]:
    """Yields each message and its body."""
    at = messages = header_bytes = 0
    while at < len(data):
        if read_number(data, "<I", at) != _CONTINUES:
            raise damaged()
        size = read_number(data, "<i", at + 4)
        if size == 0:
            return
        start = at + 8
        if not 0 < size <= len(data) - start:
            raise damaged()
        messages, header_bytes = messages + 1, header_bytes + size
        _check_headers(messages, header_bytes)
        message = Table.root(data[start : start + size])
        length = message.number(3, "<q")
        if not 0 <= length <= len(data) - start - size:
            raise damaged()
        yield message, data[start + size : start + size + length]
        at = start + size + length


def _check_headers(messages: int, header_bytes: int) -> None:
    if messages > _MAX_MESSAGES:
        raise BodyTooLarge("Arrow messages", _MAX_MESSAGES)
    if header_bytes > _MAX_HEADER_BYTES:
        raise BodyTooLarge("bytes of Arrow headers", _MAX_HEADER_BYTES)


def _check_schema(schema: Table, limits: TableLimits) -> int:
    fields = schema.tables(1, limits.max_columns)
    limits.check_shape(0, len(fields))
    faults = []
    for number, field in enumerate(fields, start=1):
        if field.number(2, "<B") not in _TYPES:
            message = f"column {number}: expected numbers, text, booleans or dates"
            faults.append(Fault(pointer_to("columns", field.text(0, _MAX_NAME_BYTES)), "unknown_type", message))
    if faults:
        raise invalid_table(faults)
    return len(fields)


def _checked_rows(batch: Table) -> int:
    """Gives the rows of a batch, which each of its columns has: a column of nulls takes no bytes to have more."""
    rows = batch.number(0, "<q")
    if rows < 0 or any(length != rows for length, _ in batch.numbers(1, "<qq")):
        raise damaged()
    return rows


def _unpacked_bytes(batch: Table, body: memoryview) -> int:
    """Gives how many bytes the buffers of a batch say they have when they are unpacked."""
    is_packed = batch.table(3) is not None
    total = 0
    for offset, length in batch.numbers(2, "<qq"):
        if offset < 0 or length < 0 or offset + length > len(body):
            raise damaged()
        if is_packed and length > 0:
            told = read_number(body, "<q", offset)
            if told < _NOT_PACKED:
                raise damaged()
            length = length if told == _NOT_PACKED else told
        total += length
    return total
