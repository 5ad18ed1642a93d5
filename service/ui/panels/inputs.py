"""The inputs of a version as fields to try values in, each with what training saw of it and what it matters."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf, log10

from kan.importance import column_importance
from service.domain.curves import column_units
from service.domain.model_cache import LoadedModel
from service.store.tables import VersionRow


@dataclass(frozen=True)
class Field:
    """One input column.

    Attributes:
        name, unit: as in the data set.
        low, high: training range; None of a category, and of a number of which only the presence counts.
        levels: of a category, without that for a missing one; None of a number.
        start: the value that the page begins with; None = missing.
        takes_missing: had the training rows missing values here?
        importance: share of all scores of the network's inputs.
    """

    name: str
    unit: str | None
    low: float | None
    high: float | None
    levels: tuple[str, ...] | None
    start: float | str | None
    takes_missing: bool
    importance: float


def input_fields(version: VersionRow, model: LoadedModel) -> list[Field]:
    """Gives the inputs in signature order."""
    units, shares = column_units(version.signature), column_importance(model.state)
    fields = []
    for column in model.columns:
        middle = None if column.low is None or column.high is None else _rounded(column.low, column.high)
        start = middle if column.levels is None else next(iter(column.levels), None)
        unit, importance = units.get(column.name), shares.get(column.name, 0.0)
        fields.append(
            Field(column.name, unit, column.low, column.high, column.levels, start, column.takes_missing, importance)
        )
    return fields


def _rounded(low: float, high: float) -> float:
    """Gives the middle, to about a hundredth of the range; never outside of it."""
    middle, width = low / 2 + high / 2, high - low
    if not 0 < width < inf:
        return middle
    # Adding zero makes a zero of a negative one.
    value = round(middle, 1 - floor(log10(width))) + 0.0
    return value if low <= value <= high else middle
