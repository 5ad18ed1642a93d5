"""Some rows of a table, column by column and block by block: a large table is never copied whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kan.encoding_columns import Table
from kan.errors import EncodingError

# A few hundred kB of every column: what is made of a block stays in the cache.
BLOCK_ROWS = 16_384

T = TypeVar("T")


class TableRows(Mapping[str, NDArray[Any]]):
    """A table of some rows of another one; a column is cut out when it is asked for, and not kept.

    Args:
        table: column name -> (n,) array.
        rows: indices or mask of the rows.
    """

    def __init__(self, table: Table, rows: NDArray[Any]) -> None:
        self._table, self._rows = table, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        return np.asarray(np.asarray(self._table[name])[self._rows])

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def usable_rows(table: Table, targets: Sequence[str]) -> NDArray[np.bool_]:
    """Marks the rows in which no target is missing.

    Raises:
        EncodingError: a target is no column of the table.
    """
    present = [_is_present(np.asarray(table[name])) for name in targets if name in table]
    if len(present) < len(targets):
        raise EncodingError(next(name for name in targets if name not in table), "missing from the table")
    return np.asarray(np.logical_and.reduce(present))


def row_blocks(table: Table, wanted: NDArray[np.bool_], read: Callable[[TableRows], T]) -> Iterator[tuple[slice, T]]:
    """Yields what `read` makes of the wanted rows, block by block, and the place of each block among them.

    Args:
        table: column name -> (n,) array.
        wanted: (n,) marks of the rows.

    Raises:
        EncodingError: as `read` raises it, naming the row of the table.
    """
    done = 0
    for start in range(0, len(wanted), BLOCK_ROWS):
        rows = start + np.flatnonzero(wanted[start : start + BLOCK_ROWS])
        if not len(rows):
            continue
        try:
            found = read(TableRows(table, rows))
        except EncodingError as error:
            row = None if error.row is None else int(rows[error.row])
            raise EncodingError(error.column, error.message, row) from error
        yield slice(done, done + len(rows)), found
        done += len(rows)


def _is_present(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values))
    return np.fromiter((value is not None and value == value for value in values), dtype=bool, count=len(values))
