"""A table as bytes in each format that goes out."""

from __future__ import annotations

import io

import polars as pl

from service.domain.tables.upload import CSV, JSON, NDJSON, PARQUET

FILE_FORMATS = (CSV, NDJSON, PARQUET)
FORMATS = (JSON, *FILE_FORMATS)

# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def table_bytes(frame: pl.DataFrame, media_type: str) -> bytes:
    """Gives the table in one of `FILE_FORMATS`."""
    buffer = io.BytesIO()
    if media_type == CSV:
        _harmless(frame).write_csv(buffer, quote_style="non_numeric")
    elif media_type == NDJSON:
        frame.write_ndjson(buffer)
    else:
        frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Puts an apostrophe before text cells and headers that a spreadsheet would run; numbers stay as they are."""
    cells = frame.with_columns(
        pl.when(pl.col(pl.String).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.lit("'") + pl.col(pl.String))
        .otherwise(pl.col(pl.String))
        .name.keep()
    )
    return cells.rename({name: "'" + name for name in cells.columns if name.startswith(_FORMULA_STARTS)})
