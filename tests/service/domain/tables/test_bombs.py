"""Packed tables that would become far more than what came are refused within a second and 50 mebibytes."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from service.domain.errors import BodyTooLarge
from service.domain.tables.arrow import read_arrow
from service.domain.tables.parquet import read_parquet
from service.domain.tables.parsed import TableLimits
from tests.service.cost import Cost, tells_peak

MEBIBYTE = 2**20
LIMITS = TableLimits(max_bytes=256 * MEBIBYTE, max_rows=5_000_000, max_columns=1_000, max_cells=5_000_000)
READERS = {"parquet": read_parquet, "arrow": read_arrow}
LONG = "x" * 110_000


def written(form: str, frame: pl.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(buffer, compression=options.get("compression", "zstd"), row_group_size=5_000_000)
    else:
        frame.write_ipc_stream(buffer, compression=options.get("compression", "zstd"))
    return buffer.getvalue()


def zeros() -> pl.DataFrame:
    return pl.DataFrame({"a": pl.zeros(5_000_000, eager=True)})


def nothing() -> pl.DataFrame:
    return pl.DataFrame({"a": pl.repeat(None, 5_000_000, dtype=pl.Null, eager=True)})


def long_texts() -> pl.DataFrame:
    return pl.DataFrame({"a": [f"{row:05}{LONG}" for row in range(500)]})


def shared_text() -> pl.DataFrame:
    """Forty thousand cells that share one text: 4.4 gigabytes written out, which 32 bits cannot count."""
    return pl.DataFrame({"a": pl.zeros(40_000, dtype=pl.UInt8, eager=True).cat.to(pl.Enum([LONG]))})


@tells_peak
@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (zeros, "bytes for each packed one"),
        (nothing, "bytes for each packed one"),
        (long_texts, "bytes for each packed one"),
        (shared_text, "bytes of text"),
    ],
)
def test_few_bytes_that_become_many_are_refused_at_little_cost(
    form: str, frame: Callable[[], pl.DataFrame], what: str
) -> None:
    data, read = written(form, frame()), READERS[form]
    assert len(data) < MEBIBYTE
    read(written(form, pl.DataFrame({"a": [1.0]})), LIMITS)  # what the library takes once is no part of it
    with pytest.raises(BodyTooLarge) as caught, Cost() as cost:
        read(data, LIMITS)
    assert caught.value.what == what
    assert cost.seconds < 1
    assert cost.mebibytes < 50


def footer_of_empty_structs() -> bytes:
    """Gives Parquet whose row groups are seven million structs of one byte each."""
    count = 7_000_000
    size = bytes((count >> shift & 0x7F) | (0x80 if shift < 21 else 0) for shift in (0, 7, 14, 21))
    footer = b"\x49\xfc" + size + bytes(count) + b"\0"
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def footer_of_booleans() -> bytes:
    """Gives Parquet whose footer is one struct of seven million fields."""
    footer = b"\x11" * 7_000_000 + b"\0"
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def stream_of_empty_batches() -> bytes:
    """Gives an Arrow stream of 40,000 batches of no rows."""
    whole = written("arrow", pl.DataFrame({"a": pl.Series([], dtype=pl.Float64)}), compression="uncompressed")
    (size,) = struct.unpack_from("<i", whole, 4)
    schema, batch = whole[: 8 + size], whole[8 + size : -8]
    assert batch.startswith(b"\xff\xff\xff\xff")
    return schema + batch * 40_000


@tells_peak
@pytest.mark.parametrize(
    ("form", "content", "what"),
    [
        ("parquet", footer_of_empty_structs, "values in headers"),
        ("parquet", footer_of_booleans, "values in headers"),
        ("arrow", stream_of_empty_batches, "Arrow messages"),
    ],
)
def test_headers_without_end_are_refused_at_little_cost(form: str, content: Callable[[], bytes], what: str) -> None:
    data = content()
    with pytest.raises(BodyTooLarge) as caught, Cost() as cost:
        READERS[form](data, LIMITS)
    assert caught.value.what == what
    assert cost.seconds < 1
    assert cost.mebibytes < 50


@pytest.mark.parametrize("form", READERS)
def test_table_that_repeats_itself_as_measurements_do_is_read(form: str) -> None:
    rows = 300_000
    generator = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "run": np.arange(rows) // 1_000,
            "site": np.array(["north", "south", "east"])[generator.integers(0, 3, rows)],
            "is_open": generator.random(rows) < 0.01,
            "temperature": generator.normal(20, 5, rows).round(1),
        }
    )
    found, _ = READERS[form](written(form, frame), LIMITS)
    assert found.shape == (rows, 4)
    assert found["temperature"].to_list() == frame["temperature"].to_list()


@pytest.mark.slow
@pytest.mark.parametrize("form", READERS)
def test_upload_as_large_as_allowed_is_read(form: str) -> None:
    dice = random.Random(0)
    texts = [dice.randbytes(65_000).hex() for _ in range(2_050)]
    data = written(form, pl.DataFrame({"a": texts}), compression="uncompressed")
    assert 254 * MEBIBYTE < len(data) < 256 * MEBIBYTE
    found, _ = READERS[form](data, LIMITS)
    assert found["a"][-1] == texts[-1]
