"""NumPy's files: matrices, structures, and nothing that could run or grow."""

from __future__ import annotations

import io
import random
import struct
from typing import Any

import numpy as np
import pytest

from service.domain.errors import BodyTooLarge, DomainError, InvalidTable, MalformedBody
from service.domain.tables.npy import read_npy
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=1_000, max_columns=20, max_cells=5_000)
STRUCTURE = np.array([(1.5, "north", 3), (np.nan, "", 4)], dtype=[("größe €", "<f8"), ("site", "<U5"), ("n", ">i2")])


def npy(array: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def forged(header: str, content: bytes = b"") -> bytes:
    text = header.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", "i1", "u4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_matrix_of_numbers_has_columns_by_their_place(dtype: str, order: Any) -> None:
    array = np.asarray([[1, 0], [0, 1], [1, 1]], dtype=dtype, order=order)
    assert read_npy(npy(array), LIMITS).to_dict(as_series=False) == {"x1": [1.0, 0.0, 1.0], "x2": [0.0, 1.0, 1.0]}
    assert read_npy(npy(array), LIMITS, ["a", "b"]).columns == ["a", "b"]


def test_one_dimension_is_one_column() -> None:
    assert read_npy(npy(np.arange(3.0)), LIMITS).to_dict(as_series=False) == {"x1": [0.0, 1.0, 2.0]}


def test_a_structure_names_its_columns_and_may_hold_text() -> None:
    with pytest.warns(UserWarning, match="format 3"):
        data = npy(STRUCTURE)
    found = read_npy(data, LIMITS).to_dict(as_series=False)
    assert found == {"größe €": [1.5, None], "site": ["north", None], "n": [3.0, 4.0]}


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()], dtype=object),
        np.array([(1, object())], dtype=[("a", "f8"), ("b", object)]),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.array(["a", "b"]),
        np.zeros((2, 2, 2)),
        np.array([(1, (2, 3))], dtype=[("a", "f8"), ("b", "f8", 2)]),
        np.float64(3.0),
        np.array([np.inf]),
        np.zeros((0, 2)),
    ],
)
def test_what_is_no_table_of_numbers_and_text_is_refused(array: Any) -> None:
    with pytest.raises(InvalidTable):
        read_npy(npy(array, allow_pickle=True), LIMITS)


@pytest.mark.parametrize("shape", ["(10**12,)", "(1000000000000, 4)", "(-1,)", "('a',)", "3", "(2.0,)"])
def test_a_shape_that_is_not_that_of_the_bytes_takes_no_memory(shape: str) -> None:
    with pytest.raises(MalformedBody):
        read_npy(forged("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}", b"\0" * 8), LIMITS)


@pytest.mark.parametrize("shape", [(0, 2**70), (2**70, 0), (0, 2**62)])
def test_a_size_that_no_array_has_is_damage_beside_a_size_of_0_too(shape: tuple[int, int]) -> None:
    with pytest.raises(MalformedBody):
        read_npy(forged(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"), LIMITS)


@pytest.mark.parametrize("header", ["__import__('os').abort()", "(" * 5_000, "{'descr': 3}", "", "{}", "[1]"])
def test_a_header_is_never_run(header: str) -> None:
    with pytest.raises(MalformedBody):
        read_npy(forged(header), LIMITS)


def test_a_header_that_claims_columns_without_rows_makes_none_of_them() -> None:
    with pytest.raises(BodyTooLarge):
        read_npy(forged("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10000000000)}"), LIMITS)


def test_half_a_character_in_a_name_is_damage() -> None:
    with pytest.raises(MalformedBody):
        read_npy(forged("{'descr': [('\\ud800', '<f8')], 'fortran_order': False, 'shape': (1,)}", bytes(8)), LIMITS)


def test_limits_hold() -> None:
    for array in (np.zeros((1_001, 1)), np.zeros((2, 21)), np.zeros((600, 10))):
        with pytest.raises(BodyTooLarge):
            read_npy(npy(array), LIMITS)


def test_a_matrix_of_other_width_than_the_names_is_refused() -> None:
    with pytest.raises(InvalidTable, match="expected 3 columns, got 2"):
        read_npy(npy(np.zeros((4, 2))), LIMITS, ["a", "b", "c"])


def test_damaged_bytes_never_get_further_than_a_refusal() -> None:
    whole, generator = npy(np.array([(1.5, "ab")], dtype=[("a", "<f8"), ("b", "<U2")])), random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole[: generator.choice([len(whole), generator.randrange(len(whole))])])
        for _ in range(generator.randrange(1, 4)):
            if damaged:
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            read_npy(bytes(damaged), LIMITS)
        except DomainError:
            continue
