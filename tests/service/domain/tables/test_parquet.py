"""Parquet: types, faults, damage, and bombs that are refused before they are unpacked."""

from __future__ import annotations

import datetime
import io
import random
from typing import Any

import polars as pl
import pytest

from service.domain.errors import BodyTooLarge, DomainError, InvalidTable, MalformedBody
from service.domain.tables.parquet import read_parquet
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=100_000, max_columns=20, max_cells=500_000)


def parquet(frame: pl.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


def mixed_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "number": [1.5, None, float("nan")],
            "integer": [1, 2, 3],
            "text": ["x", None, "z"],
            "flag": [True, False, None],
            "day": [datetime.date(2026, 1, 2)] * 3,
            "kind": pl.Series(["p", "q", "p"], dtype=pl.Categorical),
        }
    )


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "uncompressed"])
def test_types_become_numbers_text_and_dates(compression: str) -> None:
    frame, dates = read_parquet(parquet(mixed_frame(), compression=compression), LIMITS)
    assert frame["number"].to_list() == [1.5, None, None]
    assert frame["integer"].to_list() == [1.0, 2.0, 3.0]
    assert frame["flag"].to_list() == ["true", "false", None]
    assert frame["kind"].to_list() == ["p", "q", "p"]
    assert dates == {"day"}


def test_many_row_groups_and_pages_are_read() -> None:
    frame = pl.DataFrame({"a": range(50_000), "b": [f"level {i % 7}" for i in range(50_000)]})
    found, _ = read_parquet(parquet(frame, row_group_size=9_000, data_page_size=2_000), LIMITS)
    assert found["a"].sum() == sum(range(50_000))


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (pl.DataFrame({"a": [[1, 2]]}), "unknown_type"),
        (pl.DataFrame({"a": [{"b": 1}]}), "unknown_type"),
        (pl.DataFrame({"a": [b"x"]}), "unknown_type"),
        (pl.DataFrame({"a": [1.0, float("inf")]}), "not_finite"),
        (pl.DataFrame({"a": [1.0, 1e151]}), "not_finite"),
        (pl.DataFrame({"a": ["x\0"]}), "bad_text"),
        (pl.DataFrame({"a": ["x" * 140_000]}), "bad_text"),
        (pl.DataFrame({"a\x07": [1.0]}), "column_name"),
        (pl.DataFrame({"a": pl.Series([], dtype=pl.Float64)}), "no_rows"),
    ],
)
def test_bad_parquet_table_is_refused(frame: pl.DataFrame, code: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        read_parquet(parquet(frame), LIMITS)
    assert caught.value.faults[0].code == code


def test_inf_is_named_by_row_and_column() -> None:
    with pytest.raises(InvalidTable, match="row 1, column 'a': expected a finite number"):
        read_parquet(parquet(pl.DataFrame({"a": [1.0, float("inf")]})), LIMITS)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 40 + b"PAR1", b"PK\x03\x04" + b"\0" * 40])
def test_bytes_that_are_no_parquet_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_parquet(data, LIMITS)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (pl.DataFrame({"a": [0.0] * 100_001}), "rows"),
        (pl.DataFrame({f"c{i}": [0.0] for i in range(21)}), "columns"),
        (pl.DataFrame({f"c{i}": [0.0] * 60_000 for i in range(10)}), "cells"),
        # 30 MB of text in some kilobytes.
        (pl.DataFrame({"a": [f"{i:05}" + "x" * 100_000 for i in range(300)]}), "bytes (unpacked)"),
        # One long text that a dictionary lets 60,000 cells share.
        (pl.DataFrame({"a": ["x" * 50_000, "y"] * 30_000}), "bytes of text"),
    ],
)
def test_small_file_with_large_content_is_refused(frame: pl.DataFrame, what: str) -> None:
    data = parquet(frame, compression="zstd", compression_level=3)
    assert len(data) < LIMITS.max_bytes
    with pytest.raises(BodyTooLarge) as caught:
        read_parquet(data, LIMITS)
    assert caught.value.what == what


def test_damaged_files_are_refused_or_read_but_never_a_defect() -> None:
    whole, dice = parquet(mixed_frame()), random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            frame, _ = read_parquet(bytes(damaged), LIMITS)
        except DomainError:
            continue
        assert frame.height <= LIMITS.max_rows
