"""Arrow streams: types, faults, damage, and bombs that are refused before they are unpacked."""

from __future__ import annotations

import datetime
import io
import random
import struct
from typing import Any

import polars as pl
import pytest

from service.domain.errors import BodyTooLarge, DomainError, InvalidTable, MalformedBody
from service.domain.tables.arrow import read_arrow
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=100_000, max_columns=20, max_cells=500_000)


def stream(frame: pl.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, **options)
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


@pytest.mark.parametrize("compression", ["zstd", "lz4", "uncompressed"])
@pytest.mark.parametrize("level", [pl.CompatLevel.newest(), pl.CompatLevel.oldest()])
def test_types_become_numbers_text_and_dates(compression: str, level: pl.CompatLevel) -> None:
    frame, dates = read_arrow(stream(mixed_frame(), compression=compression, compat_level=level), LIMITS)
    assert frame["number"].to_list() == [1.5, None, None]
    assert frame["integer"].to_list() == [1.0, 2.0, 3.0]
    assert frame["text"].to_list() == ["x", None, "z"]
    assert frame["flag"].to_list() == ["true", "false", None]
    assert frame["kind"].to_list() == ["p", "q", "p"]
    assert dates == {"day"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (pl.DataFrame({"a": [[1, 2]]}), "unknown_type"),
        (pl.DataFrame({"a": [{"b": 1}]}), "unknown_type"),
        (pl.DataFrame({"a": [b"x"]}), "unknown_type"),
        (pl.DataFrame({"a": [float("inf")]}), "not_finite"),
        (pl.DataFrame({"a\nb": [1.0]}), "column_name"),
        (pl.DataFrame({"a": pl.Series([], dtype=pl.Float64)}), "no_rows"),
    ],
)
def test_what_is_no_table_is_refused_by_name(frame: pl.DataFrame, code: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        read_arrow(stream(frame), LIMITS)
    assert caught.value.faults[0].code == code


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    packed = stream(pl.DataFrame({"a": pl.repeat(0.0, 400_000, eager=True)}), compression="zstd")
    assert len(packed) < 10_000
    with pytest.raises(BodyTooLarge):
        read_arrow(packed, TableLimits(1 << 20, 1_000_000, 20, 1_000_000))


def test_rows_that_take_no_bytes_are_counted() -> None:
    with pytest.raises(BodyTooLarge):
        read_arrow(stream(pl.DataFrame({"a": pl.Series([None] * 200_000, dtype=pl.Null)})), LIMITS)
    with pytest.raises(BodyTooLarge):
        read_arrow(stream(pl.DataFrame({f"c{k}": [1.0] for k in range(21)})), LIMITS)


def test_a_lie_about_the_unpacked_size_is_damage() -> None:
    packed = bytearray(stream(pl.DataFrame({"a": pl.repeat(1.0, 1_000, eager=True)}), compression="zstd"))
    at = packed.index(struct.pack("<q", 8_000))
    packed[at : at + 8] = struct.pack("<q", 16)
    with pytest.raises(MalformedBody):
        read_arrow(bytes(packed), LIMITS)


@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"\xff" * 64, b"PAR1", b"\xff\xff\xff\xff\0\0\0\0", b"x" * 9])
def test_other_bytes_are_no_stream(content: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_arrow(content, LIMITS)


def test_damaged_bytes_never_get_further_than_a_refusal() -> None:
    whole, generator = stream(mixed_frame(), compression="lz4"), random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole[: generator.choice([len(whole), generator.randrange(len(whole))])])
        for _ in range(generator.randrange(1, 4)):
            if damaged:
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            frame, _ = read_arrow(bytes(damaged), LIMITS)
        except DomainError:
            continue
        assert frame.height * frame.width <= LIMITS.max_cells
