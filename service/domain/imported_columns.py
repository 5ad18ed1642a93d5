"""What an imported file says of its columns: names that can be shown and stored, numbers that can be drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple
from math import inf

from kan.encoding import ClassOutput, Encoding, LevelsInput, NumberInput, NumberOutput
from service.domain.errors import Fault
from service.domain.file_errors import InvalidModelFile
from service.domain.limits import Limits
from service.domain.names import name_fault, normal_name
from service.domain.tables.parsed import MAX_MAGNITUDE

_LONGEST_TEXT = 300
# What is learnt of the largest values that a table may have lies a little beyond them.
_LARGEST_NUMBER = 10 * MAX_MAGNITUDE


def check_columns(encoding: Encoding, limits: Limits) -> None:
    """Looks at what is shown, sent and stored under a name, and at ranges.

    Raises:
        InvalidModelFile: says what was expected.
    """
    _check_names(encoding, limits)
    for item in (*encoding.inputs, *encoding.outputs):
        names = item.levels if isinstance(item, LevelsInput) else item.classes if isinstance(item, ClassOutput) else ()
        if len(names) > limits.max_category_levels + 1:
            raise refused("", "too_large", f"a category has more than {limits.max_category_levels} levels")
        _check_texts(names)
        if isinstance(item, NumberInput | NumberOutput):
            _check_numbers(item)
    for pair in encoding.dropped:
        _check_texts(pair)


def refused(pointer: str, code: str, message: str) -> InvalidModelFile:
    """Gives the refusal of a file."""
    return InvalidModelFile(message, [Fault(pointer, code, message)])


def _check_names(encoding: Encoding, limits: Limits) -> None:
    columns = list(dict.fromkeys(item.column for item in encoding.inputs))
    if len(columns) > limits.max_dataset_columns:
        raise refused("", "too_large", f"it has {len(columns):,} columns, the limit is {limits.max_dataset_columns:,}")
    outputs = [item.name for item in encoding.outputs]
    if any(name_fault(name) or normal_name(name) != name for name in (*columns, *outputs)):
        raise refused("", "bad_name", "the name of a column is empty, too long, or holds control characters")
    _check_texts(item.name for item in encoding.inputs)
    kinds = {(item.column, isinstance(item, LevelsInput)) for item in encoding.inputs}
    doubled = [name for name, count in Counter([*(column for column, _ in kinds), *outputs]).items() if count > 1]
    if doubled:
        raise refused("", "doubled_name", "a column is both a number and a category, or input and output, or twice")


def _check_texts(texts: Iterable[str]) -> None:
    """Looks at levels, which are cells of a table, and at texts that were made of columns' names."""
    for text in texts:
        if len(text) > _LONGEST_TEXT or "\0" in text or not text.encode("utf-8", "ignore").decode() == text:
            raise refused("", "bad_text", "a level is too long, or no Unicode text that can be stored")


def _check_numbers(item: NumberInput | NumberOutput) -> None:
    """Looks at ranges and units: pictures, formulas and exports draw rows from them."""
    if any(isinstance(value, float) and abs(value) > _LARGEST_NUMBER for value in astuple(item)):
        message = f"expected numbers of at most {_LARGEST_NUMBER:g} in magnitude for a column's range and units"
        raise refused("", "bad_range", f"{item.name!r}: {message}")
    if isinstance(item, NumberInput) and not _reach(item) <= MAX_MAGNITUDE:
        message = f"its scale is so small that its range, divided by it, is above {MAX_MAGNITUDE:g}"
        raise refused("", "bad_range", f"{item.name!r}: {message}")


def _reach(item: NumberInput) -> float:
    """Gives how large numbers up to three times the training range, and the shift, are in units of the scale."""
    width = item.high - item.low
    drawn = (item.low - width, item.high + width, item.low if item.fill is None else item.fill)
    floor, ceiling = (-inf if item.floor is None else item.floor), (inf if item.ceiling is None else item.ceiling)
    largest = max(abs(min(max(value, floor), ceiling)) for value in drawn)
    return (largest + abs(item.shift)) / item.scale
