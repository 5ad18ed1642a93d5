"""Reads columns of a table with the checks that every use of an encoding shares: presence, type, length, finiteness."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding_columns import Table
from kan.errors import EncodingError
from kan.state import Array


def number_column(table: Table, column: str) -> Array:
    """Gives a column of numbers, NaN where a value is missing.

    Args:
        table: column name -> (rows,) array.

    Returns:
        (rows,).

    Raises:
        EncodingError: the column is absent, is text, or holds an infinity.
    """
    values = present_column(table, column)
    if values.dtype.kind not in "fiub":
        raise EncodingError(column, "expected numbers, got text")
    numbers = values.astype(np.float64, copy=False)
    refuse_rows(column, np.isinf(numbers), "expected a finite number")
    return numbers


def category_column(table: Table, column: str) -> NDArray[np.object_]:
    """Gives a column of text, None where a value is missing.

    Raises:
        EncodingError: the column is absent, or holds something other than text.
    """
    values = present_column(table, column)
    if values.dtype.kind not in "OU":
        raise EncodingError(column, "expected text, got numbers")
    wrong = np.fromiter((not (item is None or isinstance(item, str)) for item in values), dtype=bool, count=len(values))
    refuse_rows(column, wrong, "expected text")
    return values.astype(object)


def present_column(table: Table, column: str) -> NDArray[Any]:
    """Gives a column whatever it holds.

    Raises:
        EncodingError: the table has no such column, or it is not one value a row.
    """
    if column not in table:
        raise EncodingError(column, f"missing; the table has {_listed(list(table))}")
    values = np.asarray(table[column])
    if values.ndim != 1:
        raise EncodingError(column, "expected one value in each row")
    return values


def row_count(table: Table, columns: Sequence[str]) -> int:
    """Gives the number of rows that all the columns share; 0 for no columns.

    Raises:
        EncodingError: a column is absent or longer or shorter than the first.
    """
    lengths = {column: len(present_column(table, column)) for column in columns}
    first = next(iter(lengths.values()), 0)
    for column, length in lengths.items():
        if length != first:
            raise EncodingError(column, f"expected {first} rows as in {columns[0]!r}, got {length}")
    return first


def refuse_rows(column: str, wrong: NDArray[np.bool_], message: str) -> None:
    """Raises an EncodingError that names the first row marked as wrong, if there is one."""
    if wrong.any():
        raise EncodingError(column, message, row=int(np.argmax(wrong)))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "") if names else "no columns"
