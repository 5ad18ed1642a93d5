"""JSON read strictly: faults by line and character, no duplicate names, and no more values than a table may have."""

from __future__ import annotations

import json
from typing import Any

from service.domain.errors import BodyTooLarge, Fault, MalformedBody
from service.domain.tables.parsed import TableLimits

_MAX_INTEGER_DIGITS = 19


class _DuplicateName(ValueError):
    pass


def read_json(data: bytes, limits: TableLimits) -> Any:
    """Gives the value in these bytes.

    NaN, Infinity and 1e400 become floats that are not finite, so that the reader of the table can point at them.

    Raises:
        MalformedBody: no JSON, no UTF-8, a name twice in one object, or nesting too deep.
        BodyTooLarge: more values than the limit of cells allows, noticed before any is made.
    """
    limits.check_bytes(len(data))
    check_value_count(data, limits)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(data.count(b"\n", 0, error.start) + 1, "expected UTF-8") from None
    return parse_json(text)


def check_value_count(data: bytes, limits: TableLimits) -> None:
    """Raises BodyTooLarge where the text holds far more values than a table may have; counts marks, makes no value."""
    # Every value but the first follows one of these marks, and a table needs about two of them a cell at most.
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > 3 * limits.max_cells + 10_000:
        raise BodyTooLarge("cells", limits.max_cells)


def parse_json(text: str, line: int = 1) -> Any:
    """Gives the value in this text.

    Args:
        text: one JSON value.
        line: line of its first character in the body.

    Raises:
        MalformedBody: as `read_json`.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise _malformed(line + error.lineno - 1, f"character {error.colno}: not JSON: {error.msg.lower()}") from None
    except _DuplicateName:
        raise _malformed(line, "not a table: a name occurs twice in one object") from None
    except RecursionError:
        raise _malformed(line, "not a table: nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _DuplicateName
    return value


def _integer(digits: str) -> int | float:
    # Long integers become floats: Python's integers grow without bound, and a table holds float64 anyway.
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else float(digits)


def _malformed(line: int, message: str) -> MalformedBody:
    sentence = f"line {line}, {message}" if message.startswith("character") else f"line {line}: {message}"
    return MalformedBody(sentence, [Fault("", "malformed", sentence)])
