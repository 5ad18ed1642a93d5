"""Rows of a table without a copy of it, in blocks that name the table's own rows."""

import numpy as np
import pytest

from kan.errors import EncodingError
from kan.table_rows import BLOCK_ROWS, TableRows, row_blocks

TABLE = {"a": np.arange(5.0), "b": np.array(["v", "w", "x", "y", "z"], dtype=object)}


def test_column_holds_the_wanted_rows_in_their_order() -> None:
    rows = TableRows(TABLE, np.array([3, 1]))
    assert list(rows) == ["a", "b"]
    assert rows["a"].tolist() == [3.0, 1.0]
    assert rows["b"].tolist() == ["y", "w"]
    assert TableRows(rows, np.array([False, True]))["a"].tolist() == [1.0]


def test_blocks_follow_one_another_and_hold_every_wanted_row_once() -> None:
    count = 2 * BLOCK_ROWS + 7
    table, wanted = {"a": np.arange(float(count))}, np.arange(count) % 3 == 0
    wanted[:BLOCK_ROWS] = False  # a block without a row is none
    places, blocks = zip(*row_blocks(table, wanted, lambda rows: rows["a"]), strict=True)
    assert np.concatenate(blocks).tolist() == np.flatnonzero(wanted).tolist()
    assert [place.start for place in places] == [0, len(blocks[0])]
    assert [place.stop - place.start for place in places] == [len(block) for block in blocks]


def test_error_names_the_row_of_the_table() -> None:
    def refuse(rows: TableRows) -> None:
        raise EncodingError("a", "expected a finite number", row=1)

    with pytest.raises(EncodingError, match="column 'a', row 4: expected a finite number"):
        list(row_blocks(TABLE, np.array([False, False, True, False, True]), refuse))
