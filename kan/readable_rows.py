"""Rows that an encoding does not know what to do with: a missing value, or a class, that training never saw."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Encoding, LevelsInput, NumberInput, Table, encode, encode_targets
from kan.encoding_checks import category_column, number_column
from kan.encoding_columns import MISSING_LEVEL
from kan.errors import EncodingError
from kan.table_rows import BLOCK_ROWS, TableRows


def unreadable_rows(encoding: Encoding, table: Table, rows: NDArray[np.intp]) -> list[int]:
    """Gives those of some rows that cannot be encoded with their targets.

    Args:
        encoding: what training learnt of the columns.
        table: column -> (n,) array, with the targets.
        rows: indices of rows in which no target is missing.
    """
    gaps = _gaps(encoding, TableRows(table, rows), len(rows))
    doubtful = rows[~gaps]
    blocks = np.split(doubtful, range(BLOCK_ROWS, len(doubtful), BLOCK_ROWS))
    others = [row for block in blocks for row in _unreadable(encoding, table, block)]
    return sorted([*rows[gaps].tolist(), *others])


def _gaps(encoding: Encoding, rows: Table, count: int) -> NDArray[np.bool_]:
    """Marks what is frequent: a value missing where training had none, a class that it never saw."""
    found = [np.zeros(count, dtype=bool)]
    if encoding.task == "classification":
        found.append(encode_targets(encoding, rows) < 0)
    for item in encoding.used_inputs:
        if isinstance(item, NumberInput) and item.fill is None:
            found.append(np.isnan(number_column(rows, item.column)))
        elif isinstance(item, LevelsInput) and MISSING_LEVEL not in item.levels:
            found.append(np.array([value is None for value in category_column(rows, item.column)], dtype=bool))
    return np.asarray(np.logical_or.reduce(found))


def _unreadable(encoding: Encoding, table: Table, rows: NDArray[np.intp]) -> Iterator[int]:
    """Yields the rows that cannot be encoded, found by halving, so that a few bad rows cost little."""
    if _are_readable(encoding, TableRows(table, rows)):
        return
    if len(rows) == 1:
        yield int(rows[0])
        return
    middle = len(rows) // 2
    yield from _unreadable(encoding, table, rows[:middle])
    yield from _unreadable(encoding, table, rows[middle:])


def _are_readable(encoding: Encoding, rows: Table) -> bool:
    try:
        encode(encoding, rows)
        targets = encode_targets(encoding, rows)
    except EncodingError:
        return False
    return bool((targets >= 0).all()) if encoding.task == "classification" else bool(np.isfinite(targets).all())
