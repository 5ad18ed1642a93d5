"""Some rows of a table, column by column and block by block: a large table is never copied whole."""

from collections.abc import Callable, Iterator, Mapping
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
