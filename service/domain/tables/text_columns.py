"""Columns that came as text: which are meant as numbers, and where one of their cells is not."""

from __future__ import annotations

from array import array

import polars as pl

from service.domain.errors import Fault
from service.domain.tables.parsed import MAX_MAGNITUDE, line_fault

# Exactly these spellings are missing cells; any other text is a value.
MISSING = ("", "NA", "N/A")
MISSING_IN_ANY_CASE = ("nan", "null")

_DECIMAL_COMMA = r"^[+-]?\d*,\d+$"


def typed_text_column(cells: pl.Series, lines: array[int]) -> tuple[pl.Series, Fault | None]:
    """Gives a column of text as numbers where nearly all its cells are numbers, else as text.

    A column is meant as numbers where most present cells are numbers and at most 2 cells, or a tenth, are not. The
    first cell that is not is then a fault, never a silent text column.

    Args:
        cells: text as it stood in the file.
        lines: line of each row in the file.
    """
    text = without_missing(cells)
    numbers = text.cast(pl.Float64, strict=False).fill_nan(None)
    present = text.len() - text.null_count()
    not_numbers = present - (numbers.len() - numbers.null_count())
    if not_numbers < present - not_numbers and not_numbers <= max(2, present // 10):
        return numbers, _first_fault(text, numbers, lines)
    if present and text.str.contains(_DECIMAL_COMMA).sum() > present // 2:
        message = "expected numbers with a decimal point, got decimal commas"
        return text, _fault("decimal_comma", message, text, text.str.contains(_DECIMAL_COMMA), lines)
    return text, None


def without_missing(cells: pl.Series) -> pl.Series:
    """Gives the cells without white space at their ends, null where the spelling says that a value is missing."""
    text = cells.str.strip_chars()
    missing = text.is_in(MISSING) | text.str.to_lowercase().is_in(MISSING_IN_ANY_CASE)
    return text.set(missing, None)


def _first_fault(text: pl.Series, numbers: pl.Series, lines: array[int]) -> Fault | None:
    is_text = text.is_not_null() & numbers.is_null()
    too_large = (numbers.abs() > MAX_MAGNITUDE).fill_null(False)
    first_text, first_large = is_text.arg_max() or 0, too_large.arg_max() or 0
    if is_text.any() and not (too_large.any() and first_large < first_text):
        return _fault("not_a_number", "expected a number, got text", text, is_text, lines)
    if too_large.any():
        message = f"expected a finite number of at most {MAX_MAGNITUDE:g} in magnitude"
        return _fault("not_finite", message, text, too_large, lines)
    return None


def _fault(code: str, message: str, column: pl.Series, where: pl.Series, lines: array[int]) -> Fault:
    return line_fault(lines[where.arg_max() or 0], column.name, code, message)
