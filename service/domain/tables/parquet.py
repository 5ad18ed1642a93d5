"""Parquet: sizes are checked before anything is unpacked, then each column becomes numbers or text."""

from __future__ import annotations

import io

import polars as pl

from service.domain.errors import MalformedBody
from service.domain.tables.parquet_sizes import check_pages, checked_row_groups
from service.domain.tables.parsed import TableLimits
from service.domain.tables.typed_frame import check_types, plain_frame


def read_parquet(data: bytes, limits: TableLimits) -> tuple[pl.DataFrame, frozenset[str]]:
    """Gives the table and the names of its date columns; null and NaN are missing.

    Raises:
        MalformedBody: no Parquet.
        InvalidTable: nested or binary columns, bad names, numbers that are not finite.
        BodyTooLarge: rows, columns, cells or unpacked bytes over the limit, before they are unpacked.
    """
    limits.check_bytes(len(data))
    groups = checked_row_groups(data, limits)
    try:
        check_types(pl.read_parquet_schema(io.BytesIO(data)))
        check_pages(data, groups, limits)
        return plain_frame(pl.read_parquet(io.BytesIO(data)), limits)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise MalformedBody("not a Parquet file, or a damaged one") from error
