"""The columns that a job learns from, read from stored tables without a second copy of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.domain.columns import table_arrays

# Reading starts anew for each block: few, but small beside a large table.
BLOCK_ROWS = 65_536


def table_columns(
    resolved: Mapping[str, Any], table: BinaryIO, types: Mapping[str, str], more: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Reads the columns that a job needs from a data set, and `more`.

    Args:
        resolved: the job's spec: inputs, targets, split_column.
        table: the data set as Parquet.
        types: column -> "number", "category" or "ignored".
        more: names of others; those that are no column are left out.
    """
    wanted = {*resolved["inputs"], *resolved["targets"], resolved.get("split_column"), *more}
    rows = int(_scanned(table).select(pl.len()).collect().item())
    return {
        name: _column(table, name, kind, rows) for name, kind in types.items() if name in wanted and kind != "ignored"
    }


def append_rows(arrays: dict[str, NDArray[Any]], more: dict[str, NDArray[Any]]) -> None:
    """Puts more rows below those that are there, column by column, so that no more than one is there twice."""
    for name in list(arrays):
        arrays[name] = np.concatenate([arrays[name], more.pop(name)])


def _column(table: BinaryIO, name: str, kind: str, rows: int) -> NDArray[Any]:
    """Reads a column block by block, so that no more than a block of it is there twice."""
    column = np.empty(rows, dtype=np.float64 if kind == "number" else object)
    for start in range(0, rows, BLOCK_ROWS):
        block = _scanned(table).select(name).slice(start, BLOCK_ROWS).collect()
        column[start : start + BLOCK_ROWS] = table_arrays(block, {name: kind})[name]
    return column


def _scanned(table: BinaryIO) -> pl.LazyFrame:
    table.seek(0)
    return pl.scan_parquet(table)
