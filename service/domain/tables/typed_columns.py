"""Columns that came as JSON values: one type each, or a fault that points at the first value of another type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from service.domain.errors import Fault
from service.domain.tables.parsed import MAX_MAGNITUDE, MAX_TEXT_LENGTH

# Makes the fault for (row, column, code, message): in a JSON body by pointer, in NDJSON by line.
FaultAt = Callable[[int, str | None, str, str], Fault]

_KINDS: dict[type, str] = {int: "number", float: "number", str: "text", bool: "boolean"}


def typed_column(name: str, values: Sequence[Any], fault_at: FaultAt) -> tuple[pl.Series, Fault | None]:
    """Gives numbers as float64, booleans and text as text; null is missing.

    Args:
        name: of the column.
        values: as JSON gave them.
        fault_at: makes the fault for (row, column, code, message).
    """
    kinds = Counter(map(type, values))
    kinds.pop(type(None), None)
    names = {_KINDS.get(kind) for kind in kinds}
    if None in names or len(names) > 1:
        return pl.Series(name, [], dtype=pl.String), _mixed_fault(name, values, kinds, fault_at)
    if names == {"number"}:
        return _number_column(name, values, fault_at)
    if names == {"boolean"}:
        words = [None if value is None else ("true" if value else "false") for value in values]
        return pl.Series(name, words, dtype=pl.String), None
    return _text_column(name, values, fault_at)


def _mixed_fault(name: str, values: Sequence[Any], kinds: Counter[type], fault_at: FaultAt) -> Fault:
    """Points at the first value that is not of the column's most common type."""
    counts: Counter[str] = Counter()
    for kind, count in kinds.items():
        if kind in _KINDS:
            counts[_KINDS[kind]] += count
    if not counts:
        return fault_at(0, name, "not_a_value", "expected numbers, text, booleans or null")
    usual = counts.most_common(1)[0][0]
    row = next(i for i, value in enumerate(values) if value is not None and _KINDS.get(type(value)) != usual)
    came = _KINDS.get(type(values[row]), "an array or an object")
    return fault_at(row, name, f"not_{usual}", f"expected {usual} values as in most of the column, got {came}")


def _number_column(name: str, values: Sequence[Any], fault_at: FaultAt) -> tuple[pl.Series, Fault | None]:
    numbers = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
    bad = ~(np.abs(numbers) <= MAX_MAGNITUDE)
    if bad.any():
        message = f"expected a finite number of at most {MAX_MAGNITUDE:g} in magnitude"
        return pl.Series(name, numbers), fault_at(int(bad.argmax()), name, "not_finite", message)
    present = pl.Series([value is not None for value in values], dtype=pl.Boolean)
    return pl.Series(name, numbers).set(~present, None), None


def _text_column(name: str, values: Sequence[Any], fault_at: FaultAt) -> tuple[pl.Series, Fault | None]:
    for row, value in enumerate(values):
        if value is not None and (len(value) > MAX_TEXT_LENGTH or "\0" in value or not _is_unicode(value)):
            message = f"expected text of at most {MAX_TEXT_LENGTH} characters without NUL or half surrogates"
            return pl.Series(name, [], dtype=pl.String), fault_at(row, name, "bad_text", message)
    return pl.Series(name, values, dtype=pl.String), None


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
