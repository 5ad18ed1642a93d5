"""Rows to predict for as JSON, decoded by exactly the types of the model's signature.

msgspec refuses null, "4.5", true and ragged rows with their place and is the fastest decoder of those that do.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import msgspec
import numpy as np

from kan.errors import unknown_field
from service.domain.errors import BodyTooLarge, Fault, InvalidRows, MalformedBody
from service.domain.prediction_forms.columns import (
    PREDICT_JOB,
    InputColumn,
    InputTable,
    Values,
    check_names,
    invalid_rows,
    kind_words,
    listed,
)
from service.domain.tables.parsed import MAX_FAULTS, pointer_to

_SHAPE = 'expected {"rows": [[…], …]} with columns in signature order, or {"columns": {"name": […], …}}'
_OBJECTS = "expected an array of objects"
_WORDS = {"str": "text", "null": "null", "bool": "a boolean", "array": "an array", "object": "an object"}
_UNKNOWN = re.compile(r"unknown field `(.{1,100})`")
_PLACE = re.compile(r"\[(\d+)\]")
_FIRST_IS_OBJECT = re.compile(rb"\[\s*\{")
# A text as a whole, so that marks within it do not count; possessive, so that it never goes back.
_TEXT_OR_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,:]', re.DOTALL)
# Of a body that is no JSON, only so much is read again to find a NaN in it: that makes an object of every value.
_MAX_SEARCHED_BYTES = 1 << 20


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    columns: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_json(body: bytes, columns: tuple[InputColumn, ...], max_rows: int) -> InputTable:
    """Reads `{"rows": [[…], …]}`, `{"rows": [{…}, …]}` or `{"columns": {…}}`.

    Raises:
        MalformedBody: no JSON.
        InvalidRows: with the path of the first bad value.
        BodyTooLarge: too many rows, counted before any value is made.
    """
    try:
        return _read(body, columns, max_rows)
    except msgspec.ValidationError as error:
        raise InvalidRows(_SHAPE, [_shape_fault(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(body, str(error)) from None
    except RecursionError:
        raise MalformedBody("the body is nested too deeply") from None


def _shape_fault(message: str) -> Fault:
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return Fault("", "wrong_shape", _SHAPE)
    name = unknown.group(1)
    return Fault(_pointer(name), "unknown_field", unknown_field(name, ("rows", "columns")))


def _read(body: bytes, columns: tuple[InputColumn, ...], max_rows: int) -> InputTable:
    parsed = msgspec.json.decode(body, type=_Body)
    if isinstance(parsed.rows, msgspec.UnsetType) == isinstance(parsed.columns, msgspec.UnsetType):
        raise InvalidRows(_SHAPE, [Fault("", "wrong_shape", _SHAPE)])
    if isinstance(parsed.columns, msgspec.Raw):
        return _from_columns(parsed.columns, columns, max_rows)
    rows = bytes(parsed.rows)  # type: ignore[arg-type]  # one of the two is set
    if _FIRST_IS_OBJECT.match(rows):
        _check_row_count(rows, b"{", max_rows, max_rows)
        return _from_objects(rows, columns)
    _check_row_count(rows, b"[", max_rows + 1, max_rows)  # one opens the list of rows
    return _from_rows(rows, columns)


def _check_row_count(raw: bytes, mark: bytes, max_marks: int, max_rows: int) -> None:
    if _has_more(raw, mark, max_marks):
        raise BodyTooLarge("rows", max_rows, PREDICT_JOB)


def _has_more(raw: bytes, mark: bytes, limit: int) -> bool:
    """Does this legal JSON hold more than so many of a mark, those within texts not counted?"""
    if raw.count(mark) <= limit:
        return False
    marks = (found for found in _TEXT_OR_MARK.finditer(raw) if found[0] == mark)
    return next(islice(marks, limit, None), None) is not None


def _from_rows(raw: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    try:
        rows = _rows_decoder(columns).decode(raw)
    except msgspec.ValidationError as error:
        raise _row_refusal(str(error), columns) from None
    places = {column.name: place for place, column in enumerate(columns)}

    def pointer(row: int, name: str | None) -> str:
        return _pointer("rows", row, places.get(name or ""))

    if all(column.is_number for column in columns):
        # None becomes NaN. An array of tuples would take twice the time.
        numbers = np.fromiter(chain.from_iterable(rows), np.float64, len(rows) * len(columns))
        matrix = numbers.reshape(len(rows), len(columns))
        return InputTable({name: matrix[:, place] for name, place in places.items()}, len(rows), pointer, matrix)
    arrays = {column.name: array_of(column, [row[place] for row in rows]) for place, column in enumerate(columns)}
    return InputTable(arrays, len(rows), pointer)


def _from_objects(raw: bytes, columns: tuple[InputColumn, ...]) -> InputTable:
    rows = _decoded(raw, list[msgspec.Raw], "/rows", _OBJECTS)
    by_name: dict[str, list[Any]] = {column.name: [] for column in columns}
    for index, part in enumerate(rows):
        row = _named(bytes(part), columns, pointer_to("rows", index), "/rows", _OBJECTS)
        for column in columns:
            by_name[column.name].append(_cell(row[column.name], column, pointer_to("rows", index, column.name)))
    arrays = {column.name: array_of(column, by_name[column.name]) for column in columns}
    return InputTable(arrays, len(rows), lambda row, name: _pointer("rows", row, name))


def _named(raw: bytes, columns: tuple[InputColumn, ...], pointer: str, shape_at: str, shape: str) -> Any:
    """Gives the values of an object by name; the names are counted before they are made."""
    if _has_more(raw, b":", len(columns) + MAX_FAULTS):
        names = listed([column.name for column in columns])
        raise invalid_rows([Fault(pointer, "unknown_column", f"expected the columns {names}; got far more")])
    named = _decoded(raw, dict[str, msgspec.Raw], shape_at, shape)
    if len(named) != len(columns) or any(column.name not in named for column in columns):
        check_names(columns, named, pointer)
    return named


def _from_columns(raw: msgspec.Raw, columns: tuple[InputColumn, ...], max_rows: int) -> InputTable:
    named = _named(bytes(raw), columns, "/columns", "", _SHAPE)
    arrays: dict[str, Values] = {}
    for column in columns:
        listing = bytes(named[column.name])
        # So many values have one comma less.
        _check_row_count(listing, b",", max_rows - 1, max_rows)
        try:
            values = msgspec.json.decode(listing, type=list[value_type(column)])  # type: ignore[misc]
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
        place = _not_finite_place(json.loads(body)) if len(body) <= _MAX_SEARCHED_BYTES else None
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
