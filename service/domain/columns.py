"""What a column is (number, category or ignored, and why) and what its values look like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

HISTOGRAM_BINS = 20

# From this many rows on, text that never repeats names its row; below, it may be a small table of labels.
_ID_LIKE_ROWS = 10
# Free text has spaces: this many words a cell on average.
_FREE_TEXT_WORDS = 4
# Levels are stored with the data set and shown: longer text is no level.
_LONGEST_LEVEL = 200
_DATE = (
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?$"
    r"|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( \d{1,2}:\d{2}(:\d{2})?)?$"
    r"|^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
)


def described_columns(frame: pl.DataFrame, dates: Collection[str], max_levels: int) -> list[dict[str, Any]]:
    """Gives type and statistics of every column, as `columns` of a data set shows them.

    Args:
        frame: columns of Float64 or String.
        dates: columns that hold dates by their type.
        max_levels: most levels of a category.
    """
    return [_described(column, column.name in dates, max_levels) for column in frame.get_columns()]


def table_arrays(frame: pl.DataFrame, types: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Gives kan's table: numbers as float64 with NaN for missing, categories as `str | None`; ignored columns left out.

    Args:
        frame: a stored table.
        types: column -> "number", "category" or "ignored".
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind in types.items():
        if kind == "number":
            arrays[name] = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        elif kind == "category":
            arrays[name] = np.array(frame[name].to_list(), dtype=object)
    return arrays


def _described(column: pl.Series, is_date: bool, max_levels: int) -> dict[str, Any]:
    present = column.drop_nulls()
    facts: dict[str, Any] = {
        "missing": column.null_count(),
        "distinct": present.n_unique(),
        "constant": column.null_count() == 0 and present.n_unique() == 1,
    }
    is_number = column.dtype == pl.Float64
    reason = _reason(present, facts, is_date=is_date, is_number=is_number, max_levels=max_levels)
    kind = "ignored" if reason else ("number" if is_number else "category")
    described = {"name": column.name, "type": kind, **({"reason": reason} if reason else {}), **facts}
    if is_number and len(present):
        return described | _number_facts(present.to_numpy())
    return described | ({"levels": _levels(present)} if kind == "category" else {})


def _reason(
    present: pl.Series, facts: Mapping[str, Any], *, is_date: bool, is_number: bool, max_levels: int
) -> str | None:
    """Says why nothing can be learnt from a column, None where something can."""
    if len(present) == 0:
        return "empty"
    if facts["constant"]:
        return "constant"
    if is_number:
        return None
    if is_date or present.str.contains(_DATE).mean() >= 0.9:  # type: ignore[operator]
        return "date"
    if facts["distinct"] == len(present) >= _ID_LIKE_ROWS or facts["distinct"] > max_levels:
        words = present.str.count_matches(" ").mean() or 0.0
        return "free text" if float(words) + 1 >= _FREE_TEXT_WORDS else "id-like"  # type: ignore[arg-type]
    return "free text" if present.str.len_chars().max() > _LONGEST_LEVEL else None  # type: ignore[operator]


def _number_facts(values: NDArray[np.float64]) -> dict[str, Any]:
    """Gives min, max, mean, population standard deviation and a histogram."""
    return {
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "histogram": _histogram(values),
    }


def _histogram(values: NDArray[np.float64]) -> dict[str, list[float]]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return {"edges": [low, high], "counts": [len(values)]}
    try:
        counts, edges = np.histogram(values, bins=HISTOGRAM_BINS, range=(low, high))
    except ValueError:  # so few floats lie between the ends that 20 edges would coincide
        return {"edges": [low, high], "counts": [len(values)]}
    return {"edges": [float(edge) for edge in edges], "counts": [int(count) for count in counts]}


def _levels(present: pl.Series) -> list[dict[str, Any]]:
    """Gives the levels with their counts, most frequent first, equal counts by name."""
    counted = present.rename("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
    return counted.to_dicts()
