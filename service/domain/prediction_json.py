"""Rows to predict for as JSON, decoded by exactly the types of the model's signature.

msgspec refuses null, "4.5", true and ragged rows with their place and is the fastest decoder of those that do.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from service.domain.errors import Fault, InvalidRows, MalformedBody
from service.domain.prediction_columns import (
    InputColumn,
    InputTable,
    Values,
    check_names,
    invalid_rows,
    kind_words,
    listed,
)
from service.domain.tables.parsed import pointer_to

_SHAPE = 'expected {"rows": [[…], …]} with columns in signature order, or {"columns": {"name": […], …}}'
_WORDS = {"str": "text", "null": "null", "bool": "a boolean", "array": "an array", "object": "an object"}
_PLACE = re.compile(r"\[(\d+)\]")


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    columns: dict[str, msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


def read_json(body: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    """Reads `{"rows": [[…], …]}`, `{"rows": [{…}, …]}` or `{"columns": {…}}`.

    Raises:
        MalformedBody: no JSON.
        InvalidRows: with the path of the first bad value.
    """
    try:
        return _read(body, columns)
    except msgspec.ValidationError:
        raise InvalidRows(_SHAPE, [Fault("", "wrong_shape", _SHAPE)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(body, str(error)) from None
    except RecursionError:
        raise MalformedBody("the body is nested too deeply") from None


def _read(body: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    parsed = msgspec.json.decode(body, type=_Body)
    if isinstance(parsed.rows, msgspec.UnsetType) == isinstance(parsed.columns, msgspec.UnsetType):
        raise InvalidRows(_SHAPE, [Fault("", "wrong_shape", _SHAPE)])
    if isinstance(parsed.columns, dict):
        return _from_columns(parsed.columns, columns)
    rows = bytes(parsed.rows)  # type: ignore[arg-type]  # one of the two is set
    if rows[1:].lstrip()[:1] == b"{":
        return _from_objects(rows, columns)
    return _from_rows(rows, columns)


def _from_rows(raw: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    try:
        rows = _rows_decoder(columns).decode(raw)
    except msgspec.ValidationError as error:
        raise _row_refusal(str(error), columns) from None
    turned: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = {column.name: array_of(column, values) for column, values in zip(columns, turned, strict=True)}
    places = {column.name: place for place, column in enumerate(columns)}
    return InputTable(arrays, len(rows), lambda row, name: _pointer("rows", row, places.get(name or "")))


def _from_objects(raw: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    rows = _decoded(raw, list[dict[str, msgspec.Raw]], "/rows", "expected an array of objects")
    by_name: dict[str, list[Any]] = {column.name: [] for column in columns}
    for index, row in enumerate(rows):
        if row.keys() != by_name.keys():
            check_names(columns, row, pointer_to("rows", index))
        for column in columns:
            by_name[column.name].append(_cell(row[column.name], column, pointer_to("rows", index, column.name)))
    arrays = {column.name: array_of(column, by_name[column.name]) for column in columns}
    return InputTable(arrays, len(rows), lambda row, name: _pointer("rows", row, name))


def _from_columns(raw: dict[str, msgspec.Raw], columns: tuple[InputColumn, ...]) -> InputTable:
    check_names(columns, raw, "/columns")
    arrays: dict[str, Values] = {}
    for column in columns:
        try:
            values = msgspec.json.decode(raw[column.name], type=list[value_type(column)])  # type: ignore[misc]
        except msgspec.ValidationError as error:
            place = _PLACE.findall(str(error).rpartition(" - at ")[2])
            pointer = pointer_to("columns", column.name, *place[:1])
            raise invalid_rows([_type_fault(pointer, column, str(error))]) from None
        arrays[column.name] = array_of(column, values)
    lengths = {len(values) for values in arrays.values()}
    if len(lengths) > 1:
        first = len(arrays[columns[0].name])
        odd = next(column.name for column in columns if len(arrays[column.name]) != first)
        message = f"expected {first} values as in the first column, got {len(arrays[odd])}"
        raise invalid_rows([Fault(pointer_to("columns", odd), "ragged_column", message)])
    return InputTable(arrays, max(lengths, default=0), column_pointer)


def column_pointer(row: int, name: str | None) -> str:
    """Gives the place of a value in a body of named columns."""
    return _pointer("columns", name, row) if name is not None else "/columns"


def value_type(column: InputColumn) -> Any:
    """Gives the only types that a value of this column may have; a boolean is the category "true" or "false"."""
    kind: Any = float if column.is_number else str | bool
    return kind | None if column.takes_missing else kind


def array_of(column: InputColumn, values: Sequence[Any]) -> Values:
    """Gives decoded values as kan's array."""
    if column.is_number:
        return np.array(values, dtype=np.float64)  # None becomes NaN
    words = {True: "true", False: "false"}
    return np.array([words[value] if isinstance(value, bool) else value for value in values] + [None], object)[:-1]


@lru_cache(maxsize=256)
def _rows_decoder(columns: tuple[InputColumn, ...]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[tuple[tuple(value_type(column) for column in columns)]])  # type: ignore[misc]


def _decoded(raw: bytes, kind: Any, pointer: str, message: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError:
        raise invalid_rows([Fault(pointer, "wrong_shape", message)]) from None


def _cell(raw: msgspec.Raw, column: InputColumn, pointer: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=value_type(column))
    except msgspec.ValidationError as error:
        raise invalid_rows([_type_fault(pointer, column, str(error))]) from None


def _row_refusal(message: str, columns: tuple[InputColumn, ...]) -> InvalidRows:
    places = [int(place) for place in _PLACE.findall(message.rpartition(" - at ")[2])]
    if len(places) == 2:
        return invalid_rows([_type_fault(_pointer("rows", *places), columns[places[1]], message)])
    if not places:
        return invalid_rows([Fault("/rows", "wrong_shape", "expected an array of rows")])
    came = re.search(r"got (\d+)", message)
    got = f", got {came[1]}" if came else ""
    expected = f"expected one value for each column: {listed([column.name for column in columns])}{got}"
    return invalid_rows([Fault(_pointer("rows", places[0]), "wrong_length", expected)])


def _type_fault(pointer: str, column: InputColumn, message: str) -> Fault:
    if "out of range" in message:
        return Fault(pointer, "not_finite", f"column {column.name!r}: expected a number that fits a float64")
    came = re.search(r"got `(\w+)`", message)
    got = f", got {_WORDS.get(came[1], 'a number')}" if came else ""
    code = "not_a_number" if column.is_number else "not_text"
    return Fault(pointer, code, f"column {column.name!r}: expected {kind_words(column)}{got}")


def _not_json(body: bytes, reason: str) -> InvalidRows | MalformedBody:
    """Gives the place of a NaN or Infinity, which JSON does not have but many writers make; else where JSON breaks."""
    try:
        place = _not_finite_place(json.loads(body))
    except (ValueError, RecursionError):
        place = None
    if place is None:
        return MalformedBody(f"the body is not JSON: {reason.removeprefix('JSON is malformed: ')}")
    message = "expected a finite number: JSON has no NaN and no Infinity"
    return invalid_rows([Fault(pointer_to(*place), "not_finite", message)])


def _not_finite_place(value: Any) -> tuple[str | int, ...] | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else ()
    items: Any = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, item in items:
        place = _not_finite_place(item)
        if place is not None:
            return (key, *place)
    return None


def _pointer(*parts: str | int | None) -> str:
    return pointer_to(*(part for part in parts if part is not None))
