"""A table as bytes in each format that goes out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.format import write_array

from service.domain.errors import BodyTooLarge
from service.domain.tables.upload import ARROW, CSV, JSON, NDJSON, NPY, PARQUET

FILE_FORMATS = (CSV, NDJSON, PARQUET, ARROW, NPY)
FORMATS = (JSON, *FILE_FORMATS)

_BYTES_PER_CHARACTER, _MAX_TEXT_BYTES = 4, 256 * 1024 * 1024
# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def table_bytes(frame: pl.DataFrame, media_type: str) -> bytes:
    """Gives the table in one of `FILE_FORMATS`.

    Raises:
        BodyTooLarge: as .npy, where every text takes the room of the longest.
    """
    buffer = io.BytesIO()
    if media_type == CSV:
        _harmless(frame).write_csv(buffer, quote_style="non_numeric")
    elif media_type == NDJSON:
        frame.write_ndjson(buffer)
    elif media_type == ARROW:
        # Plain types and no compression: what every reader of streams takes.
        frame.write_ipc_stream(buffer, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    elif media_type == NPY:
        array = _array(frame)
        # Names of fields in UTF-8, of any length, need the third version; what has none is read by every reader.
        write_array(buffer, array, version=(3, 0) if array.dtype.names else (1, 0), allow_pickle=False)
    else:
        frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _array(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    """Gives a matrix where all columns are numbers, else a structured array of them; null is NaN, or an empty text."""
    if all(column.dtype.is_numeric() for column in frame.get_columns()):
        return frame.cast(pl.Float64).to_numpy()
    fields = [(column.name, _field_type(column)) for column in frame.get_columns()]
    array = np.empty(frame.height, dtype=fields)
    for column in frame.get_columns():
        is_number = column.dtype.is_numeric()
        array[column.name] = column.cast(pl.Float64).to_numpy() if is_number else column.fill_null("").to_list()
    return array


def _field_type(column: pl.Series) -> str:
    if column.dtype.is_numeric():
        return "<f8"
    longest = max(1, int(column.str.len_chars().max() or 1))  # type: ignore[arg-type]
    if longest * len(column) * _BYTES_PER_CHARACTER > _MAX_TEXT_BYTES:
        hint = "every text takes the room of the longest there: ask for fewer rows, or for another format"
        raise BodyTooLarge("bytes of a text column as .npy", _MAX_TEXT_BYTES, hint)
    return f"<U{longest}"


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Puts an apostrophe before text cells and headers that a spreadsheet would run; numbers stay as they are."""
    cells = frame.with_columns(
        pl.when(pl.col(pl.String).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.lit("'") + pl.col(pl.String))
        .otherwise(pl.col(pl.String))
        .name.keep()
    )
    return cells.rename(_harmless_names(cells.columns))


def _harmless_names(names: Sequence[str]) -> dict[str, str]:
    """Gives new names by the old ones; one that another column has already gets more apostrophes."""
    taken, found = set(names), {}
    for name in names:
        if name.startswith(_FORMULA_STARTS):
            found[name] = "'" + name
            while found[name] in taken:
                found[name] = "'" + found[name]
            taken.add(found[name])
    return found
