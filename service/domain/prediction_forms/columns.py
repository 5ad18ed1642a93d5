"""What a model expects of each input column, and whether a table's columns are those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding import MISSING_LEVEL, Encoding, LevelsInput, NumberInput
from service.domain.errors import Fault, InvalidRows
from service.domain.tables.parsed import MAX_FAULTS, MAX_MAGNITUDE

# What a request that is too large could be instead.
PREDICT_JOB = 'upload them as a data set, and POST /v1/jobs with {"kind": "predict", "model", "version", "dataset"}'

Values = NDArray[Any]
Pointer = Callable[[int, str | None], str]


@dataclass(frozen=True)
class InputColumn:
    """One column of a model's signature.

    Attributes:
        name: as in the data set.
        low, high: training range in the user's units; None for a category, and for a number of which only the presence
            counts (it had one value in training, or was missing).
        levels: None for a number.
        takes_missing: had the training rows missing values here?
    """

    name: str
    low: float | None
    high: float | None
    levels: tuple[str, ...] | None
    takes_missing: bool

    @property
    def is_number(self) -> bool:
        """Is it a number column (else a category)?"""
        return self.levels is None


@dataclass(frozen=True, eq=False)
class InputTable:
    """Rows to predict for, checked against the signature.

    Attributes:
        columns: kan's table: float64 with NaN for missing, or objects `str | None`.
        rows: number of rows.
        pointer: where (row, column) stood in what was sent.
        matrix: (rows, columns) in the order of the signature, where all are numbers and came row by row.
    """

    columns: Mapping[str, Values]
    rows: int
    pointer: Pointer
    matrix: Values | None = None


def input_columns(encoding: Encoding) -> tuple[InputColumn, ...]:
    """Gives the columns that a model reads, in the order of its signature."""
    found: list[InputColumn] = []
    scaled = {item.column for item in encoding.inputs if isinstance(item, NumberInput)}
    for item in encoding.used_inputs:
        if isinstance(item, NumberInput):
            found.append(InputColumn(item.column, item.low, item.high, None, item.fill is not None))
        elif isinstance(item, LevelsInput):
            levels = tuple(level for level in item.levels if level != MISSING_LEVEL)
            found.append(InputColumn(item.column, None, None, levels, len(levels) < len(item.levels)))
        elif item.column not in scaled:
            found.append(InputColumn(item.column, None, None, None, takes_missing=True))
    return tuple(found)


def check_names(columns: Sequence[InputColumn], came: Iterable[str], pointer: str) -> None:
    """Compares names, in any order.

    Raises:
        InvalidRows: names the first missing and unknown columns, and lists the expected ones.
    """
    came = list(came)
    known, given = {column.name for column in columns}, set(came)
    missing = (
        Fault(pointer, "missing_column", f"missing column {column.name!r}")
        for column in columns
        if column.name not in given
    )
    unknown = (
        Fault(pointer, "unknown_column", f"column {place} is not an input of the model")
        for place, name in enumerate(came, start=1)
        if name not in known
    )
    # A third of the list at least is left to unknown ones, so that a swap of names shows both sides.
    faults = list(islice(chain(islice(missing, MAX_FAULTS - MAX_FAULTS // 3), unknown), MAX_FAULTS))
    if faults:
        found = "; ".join(fault.message for fault in faults[:3])
        raise InvalidRows(f"expected the columns {listed([column.name for column in columns])}; {found}", faults)


def check_values(columns: Sequence[InputColumn], table: InputTable) -> None:
    """Looks at every value: finite, and present where the training rows had no missing ones.

    Raises:
        InvalidRows: points at the first bad value of each column.
    """
    faults = [fault for column in columns if (fault := _value_fault(column, table)) is not None]
    if faults:
        raise invalid_rows(faults)


def invalid_rows(faults: Sequence[Fault]) -> InvalidRows:
    """Gives the refusal for these faults, with the first one's words."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return InvalidRows(f"{faults[0].pointer}: {faults[0].message}{more}", faults[:MAX_FAULTS])


def listed(names: Sequence[str]) -> str:
    """Gives "3 (a, b, c)", cut off after 20 names."""
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"{len(names)} ({shown})" if names else "0"


def _value_fault(column: InputColumn, table: InputTable) -> Fault | None:
    values = table.columns[column.name]
    if column.is_number:
        missing = np.isnan(values)
        wild = np.abs(values) > MAX_MAGNITUDE
        if wild.any():
            message = f"expected a finite number of at most {MAX_MAGNITUDE:g} in magnitude"
            return Fault(table.pointer(int(wild.argmax()), column.name), "not_finite", message)
    else:
        missing = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    if column.takes_missing or not missing.any():
        return None
    message = f"column {column.name!r} had no missing values in training: expected {kind_words(column)}"
    return Fault(table.pointer(int(missing.argmax()), column.name), "missing_value", message)


def kind_words(column: InputColumn) -> str:
    """Gives what a column holds, in words."""
    words = "a number" if column.is_number else "text (one of the categories)"
    return f"{words} or null" if column.takes_missing else words
