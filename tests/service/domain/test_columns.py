"""Column types and statistics, against numpy and numbers written out; kan's table from a stored one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from service.domain.columns import described_columns, table_arrays
from service.domain.tables.csv import read_csv
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 22, max_rows=10_000, max_columns=100, max_cells=50_000)
DATA = Path(__file__).parents[3] / "examples" / "data"


def described(values: list[Any], dtype: Any = None, dates: frozenset[str] = frozenset()) -> dict[str, Any]:
    return described_columns(pl.DataFrame({"c": pl.Series(values, dtype=dtype)}), dates, 256)[0]


def test_number_column_has_the_statistics_of_its_present_cells() -> None:
    facts = described([1.0, 2.0, None, 4.0, 4.0])
    assert facts["type"] == "number"
    assert (facts["min"], facts["max"], facts["mean"]) == (1.0, 4.0, 2.75)
    assert facts["std"] == pytest.approx(np.std([1, 2, 4, 4]))
    assert (facts["missing"], facts["distinct"], facts["constant"]) == (1, 3, False)


def test_histogram_counts_every_present_cell_once() -> None:
    histogram = described([0.0, 0.1, 0.5, 1.0, None])["histogram"]
    assert sum(histogram["counts"]) == 4
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert (histogram["edges"][0], histogram["edges"][-1]) == (0.0, 1.0)


@pytest.mark.parametrize("values", [[1e20, math.nextafter(1e20, math.inf)], [-1e150, 1e150], [5e-324, 1.0]])
def test_extreme_numbers_have_finite_statistics(values: list[float]) -> None:
    facts = described(values)
    numbers = [facts["mean"], facts["std"], *facts["histogram"]["edges"]]
    assert all(math.isfinite(number) for number in numbers)


def test_category_has_its_levels_most_frequent_first() -> None:
    facts = described(["b", "a", "b", None, "c"])
    assert facts["type"] == "category"
    assert facts["levels"] == [
        {"value": "b", "count": 2},
        {"value": "a", "count": 1},
        {"value": "c", "count": 1},
    ]
    assert (facts["missing"], facts["distinct"]) == (1, 3)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([3.0, 3.0, 3.0], "constant"),
        (["x", "x", "x"], "constant"),
        ([f"row {i}" for i in range(10)], "id-like"),
        ([f"level{i}" for i in range(257)] * 2, "id-like"),
        ([f"this is remark number {i}" for i in range(300)] * 2, "free text"),
        (["x" * 201, "y"] * 5, "free text"),
        (["2026-01-02", "2026-02-03"] * 5, "date"),
        (["2026-01-02T10:11:12Z", "2026-02-03 10:11"] * 5, "date"),
        (["31.12.2025", "1/2/2026"] * 5, "date"),
        (["10:11", "23:59:59"] * 5, "date"),
    ],
)
def test_column_without_use_is_ignored_with_its_reason(values: list[Any], reason: str) -> None:
    facts = described(values)
    assert (facts["type"], facts["reason"]) == ("ignored", reason)


def test_column_of_missing_cells_is_ignored_as_empty() -> None:
    assert described([None, None], pl.String)["reason"] == "empty"
    assert described([None, None], pl.Float64)["reason"] == "empty"


def test_column_of_a_date_type_is_ignored_whatever_its_text() -> None:
    assert described(["864", "865"], dates=frozenset({"c"}))["reason"] == "date"


def test_few_distinct_texts_are_a_category_and_no_ids() -> None:
    assert described(["red", "green", "blue"])["type"] == "category"
    assert described([f"level{i}" for i in range(256)] * 2)["type"] == "category"


def test_constant_with_missing_cells_is_not_constant() -> None:
    assert described([2.0, 2.0, None])["type"] == "number"


def test_penguins_have_the_types_a_reader_expects() -> None:
    frame = read_csv((DATA / "penguins.csv").read_bytes(), LIMITS)
    types = {column["name"]: column["type"] for column in described_columns(frame, frozenset(), 256)}
    assert [name for name, kind in types.items() if kind == "category"] == ["species", "island", "sex"]
    assert [name for name, kind in types.items() if kind == "ignored"] == []


def test_table_arrays_are_float64_with_nan_and_objects_with_none() -> None:
    frame = pl.DataFrame({"n": [1.0, None], "c": ["x", None], "i": ["p", "q"]})
    arrays = table_arrays(frame, {"n": "number", "c": "category", "i": "ignored"})
    assert list(arrays) == ["n", "c"]
    assert arrays["n"].dtype == np.float64
    assert np.isnan(arrays["n"][1])
    assert arrays["c"].dtype == object
    assert arrays["c"].tolist() == ["x", None]
    assert arrays["n"].flags.writeable
