"""An encoding as plain JSON values and back; what comes back is checked field by field."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from kan.encoding_columns import (
    BinaryOutput,
    ClassOutput,
    Encoding,
    Input,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    Output,
)
from kan.errors import InvalidConfig

INPUT_KINDS: dict[str, type[Any]] = {"number": NumberInput, "levels": LevelsInput, "missing": MissingInput}
OUTPUT_KINDS: dict[str, type[Any]] = {
    "number": NumberOutput,
    # Before "class", for it is one too.
    "binary": BinaryOutput,
    "class": ClassOutput,
}

# Written where they are there: networks of before have none.
OPTIONAL = ("floor", "ceiling")
# More rows no table has; JSON of most readers and NumPy know no larger whole number.
_LARGEST_COUNT = 2**63 - 1


def to_json(encoding: Encoding) -> dict[str, Any]:
    """Gives the encoding as dicts, lists, text and numbers."""
    plain: dict[str, Any] = {
        "inputs": [_record(item, INPUT_KINDS) for item in encoding.inputs],
        "outputs": [_record(item, OUTPUT_KINDS) for item in encoding.outputs],
        "dropped": [list(pair) for pair in encoding.dropped],
    }
    return {**plain, "unused": list(encoding.unused)} if encoding.unused else plain


def from_json(value: object) -> Encoding:
    """Reads what `to_json` wrote.

    Raises:
        InvalidConfig: anything else, with the path of the first field that is wrong.
    """
    if not isinstance(value, Mapping):
        raise InvalidConfig("encoding", "expected an object")
    inputs: list[Input] = [_read(item, INPUT_KINDS, f"inputs/{i}") for i, item in enumerate(_list(value, "inputs"))]
    outputs: list[Output] = [
        _read(item, OUTPUT_KINDS, f"outputs/{i}") for i, item in enumerate(_list(value, "outputs"))
    ]
    _require(bool(inputs) and bool(outputs), "encoding", "at least one input and one output")
    has_classes = any(isinstance(item, ClassOutput) for item in outputs)
    _require(not has_classes or len(outputs) == 1, "outputs", "one class target, or number targets")
    dropped = tuple(_texts(pair, "dropped") for pair in _list(value, "dropped"))
    _require(all(len(pair) == 2 for pair in dropped), "dropped", "pairs of column and reason")
    unused = _texts(value.get("unused", []), "unused")
    _require(set(unused) < {item.column for item in inputs}, "unused", "some of the columns, not all")
    return Encoding(tuple(inputs), tuple(outputs), tuple((pair[0], pair[1]) for pair in dropped), unused)


def _record(item: Input | Output, kinds: dict[str, type[Any]]) -> dict[str, Any]:
    kind = next(name for name, owner in kinds.items() if isinstance(item, owner))
    given = {name: value for name, value in asdict(item).items() if value is not None or name not in OPTIONAL}
    return {"kind": kind, **{name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}}


def _read(value: object, kinds: dict[str, type[Any]], path: str) -> Any:
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str) or value["kind"] not in kinds:
        raise InvalidConfig(path, f"expected an object of kind {', '.join(kinds)}")
    owner = kinds[value["kind"]]
    names = [item.name for item in fields(owner)]
    needed = {"kind", *names} - set(OPTIONAL)
    _require(needed <= set(value) <= {"kind", *names}, path, f"the fields {', '.join(names)}")
    given = {name: _field(value[name], name, f"{path}/{name}") for name in names if name in value}
    return _checked(owner(**given), path)


def _field(value: object, name: str, path: str) -> Any:
    """Reads one field by its name: names are text, lists are of one type, everything else is a finite number."""
    if name in ("name", "column"):
        _require(isinstance(value, str), path, "text")
        return value
    if name in ("levels", "classes"):
        return _texts(value, path)
    if name == "counts":
        are_counts = isinstance(value, list) and all(type(n) is int and 0 <= n <= _LARGEST_COUNT for n in value)
        _require(are_counts, path, "counts")
        return tuple(value) if isinstance(value, list) else ()
    if name == "fill" and value is None:
        return None
    # An int may be larger than any float; abs of NaN or infinity is not below the largest one.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise InvalidConfig(path, "expected a finite number")
    return float(value)


def _checked(item: Any, path: str) -> Any:
    """Checks what holds between the fields of one record."""
    if isinstance(item, NumberInput):
        _require(item.scale > 0 and item.low <= item.high, path, "scale > 0 and low <= high")
        least, most = (float("-inf") if item.floor is None else item.floor), item.ceiling
        _require(most is None or least < most, path, "floor < ceiling")
    if isinstance(item, NumberOutput):
        _require(item.std > 0, path, "std > 0")
    if isinstance(item, LevelsInput):
        _require(len(set(item.levels)) == len(item.levels) == len(item.counts) > 0, path, "levels, each with a count")
    if isinstance(item, ClassOutput):
        _require(len(set(item.classes)) == len(item.classes) >= 2, path, "two or more different classes")
    if isinstance(item, BinaryOutput):
        _require(len(item.classes) == 2, path, "two classes")
    return item


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    if not isinstance(found, list):
        raise InvalidConfig(name, "expected a list")
    return found


def _texts(value: object, path: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidConfig(path, "expected a list of text")
    return tuple(value)


def _require(holds: bool, path: str, expected: str) -> None:
    if not holds:
        raise InvalidConfig(path, f"expected {expected}")
