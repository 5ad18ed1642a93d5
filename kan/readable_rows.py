"""Rows that an encoding does not know what to do with: a missing value, or a class, that training never saw."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Encoding, Table, encode, encode_targets
from kan.errors import EncodingError
from kan.table_rows import BLOCK_ROWS, TableRows


def unreadable_rows(encoding: Encoding, table: Table, rows: NDArray[np.intp]) -> list[int]:
    """Gives those of some rows that cannot be encoded with their targets.

    Args:
        encoding: what training learnt of the columns.
        table: column -> (n,) array, with the targets.
        rows: indices of rows in which no target is missing.
    """
    blocks = np.split(rows, range(BLOCK_ROWS, len(rows), BLOCK_ROWS))
    return [row for block in blocks for row in _unreadable(encoding, table, block)]


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
