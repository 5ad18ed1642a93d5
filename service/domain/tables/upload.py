"""The one door for tables: bytes and their media type in, a parsed table out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kan.errors import unknown_field
from service.domain.errors import Fault, InvalidParameter, InvalidTable, UnsupportedMediaType
from service.domain.names import MAX_UNIT_LENGTH, name_fault, normal_name
from service.domain.tables.arrow import read_arrow
from service.domain.tables.csv import read_csv
from service.domain.tables.generator import generated_table
from service.domain.tables.json_text import read_json
from service.domain.tables.npy import read_npy
from service.domain.tables.parquet import read_parquet
from service.domain.tables.parsed import ParsedTable, TableLimits, invalid_table, pointer_to
from service.domain.tables.records import read_columns, read_ndjson, read_rows

CSV, JSON, NDJSON, PARQUET = "text/csv", "application/json", "application/x-ndjson", "application/vnd.apache.parquet"
ARROW, NPY = "application/vnd.apache.arrow.stream", "application/x-npy"
# Few bytes of these may be many rows.
PACKED = (PARQUET, ARROW, NPY)
MEDIA_TYPES = (CSV, JSON, NDJSON, PARQUET, ARROW, NPY)

_READERS = {"columns": read_columns, "rows": read_rows, "generator": generated_table}


def parse_table(data: bytes, media_type: str, limits: TableLimits) -> ParsedTable:
    """Reads a table in any of `MEDIA_TYPES`.

    Raises:
        UnsupportedMediaType: another media type (archives too).
        MalformedBody: bytes that are not what the media type says.
        InvalidTable: readable, but no usable table.
        BodyTooLarge: noticed while reading.
    """
    limits.check_bytes(len(data))
    table = _read(data, media_type, limits)
    return replace(table, source_bytes=len(data), source_sha256=hashlib.sha256(data).hexdigest())


def _read(data: bytes, media_type: str, limits: TableLimits) -> ParsedTable:
    if media_type == CSV:
        return ParsedTable(read_csv(data, limits))
    if media_type == NDJSON:
        return ParsedTable(read_ndjson(data, limits))
    if media_type == PARQUET:
        frame, dates = read_parquet(data, limits)
        return ParsedTable(frame, dates=dates)
    if media_type == ARROW:
        frame, dates = read_arrow(data, limits)
        return ParsedTable(frame, dates=dates)
    if media_type == NPY:
        return ParsedTable(read_npy(data, limits))
    if media_type == JSON:
        return _json_table(read_json(data, limits), limits)
    raise UnsupportedMediaType(MEDIA_TYPES)


def _json_table(body: Any, limits: TableLimits) -> ParsedTable:
    forms = [key for key in _READERS if isinstance(body, Mapping) and key in body]
    unknown = [str(key) for key in body if key not in ("name", "units", *_READERS)] if isinstance(body, Mapping) else []
    if unknown:
        message = unknown_field(unknown[0], ("name", "units", *_READERS))
        raise invalid_table([Fault(pointer_to(unknown[0]), "unknown_field", message)])
    if len(forms) != 1:
        raise invalid_table([Fault("", "wrong_type", f"expected an object with one of {', '.join(_READERS)}")])
    frame = _READERS[forms[0]](body[forms[0]], limits)
    return ParsedTable(frame, name=_name(body.get("name")), units=_units(body.get("units"), frame.columns))


def read_units(text: str, columns: list[str]) -> dict[str, str]:
    """Reads units that came beside a table, as a JSON object: column -> unit.

    Raises:
        InvalidParameter: no such object, another column, or a unit that is none.
    """
    try:
        return _units(json.loads(text), columns)
    except InvalidTable as error:
        raise InvalidParameter("units", str(error).replace("/units", "", 1).removeprefix(": ")) from None
    except (ValueError, RecursionError):
        raise InvalidParameter("units", 'expected JSON such as {"age": "day"}') from None


def _name(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid_table([Fault("/name", "wrong_type", "/name: expected text")])
    return value


def _units(value: object, columns: list[str]) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid_table([Fault("/units", "wrong_type", '/units: expected an object such as {"age": "day"}')])
    normal = {normal_name(column): unit for column, unit in value.items()}
    faults = [fault for column, unit in normal.items() if (fault := _unit_fault(column, unit, columns)) is not None]
    if faults:
        raise invalid_table(faults)
    return {column: normal_name(unit) for column, unit in normal.items()}


def _unit_fault(column: str, unit: object, columns: list[str]) -> Fault | None:
    pointer = pointer_to("units", column)
    if column not in columns:
        return Fault(pointer, "unknown_column", f"{pointer}: this table has no such column")
    if not isinstance(unit, str):
        return Fault(pointer, "wrong_type", f"{pointer}: expected text")
    fault = name_fault(normal_name(unit), MAX_UNIT_LENGTH)
    return None if fault is None else Fault(pointer, "unit", f"{pointer}: {fault}")
