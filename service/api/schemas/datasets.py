"""The shapes of data sets in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from service.domain.datasets import DatasetSummary
from service.store.tables import DatasetRow

COLUMN_EXAMPLE = {
    "name": "age",
    "type": "number",
    "missing": 0,
    "distinct": 14,
    "constant": False,
    "min": 1.0,
    "max": 365.0,
    "mean": 45.66,
    "std": 63.14,
    "histogram": {"edges": [1.0, 183.0, 365.0], "counts": [991, 39]},
}


class DatasetRead(BaseModel):
    """A table as it was uploaded; never changes."""

    id: str
    name: str = Field(description="As given; any visible characters, so escape it where it is shown.")
    rows: int
    bytes: int = Field(description="Size of the upload (bytes).")
    sha256: str = Field(description="Hash of the upload.")
    created_at: datetime
    columns: list[dict[str, Any]] = Field(
        description="In the order of the table. `type` is number, category or ignored (with a `reason`: constant, "
        "empty, id-like, date, free text); `std` is the population's; `distinct` leaves missing cells out. Lists leave "
        "out `levels` and `histogram`.",
        examples=[[COLUMN_EXAMPLE]],
    )
    units: dict[str, str] = Field(description="Column -> unit, where given.", examples=[{"age": "day"}])


class DatasetPage(BaseModel):
    """Data sets, newest first; fewer than were asked for where they have very many levels: `next_cursor` tells."""

    data: list[DatasetRead]
    next_cursor: str | None


class DatasetRows(BaseModel):
    """Some rows of a data set; null = missing."""

    id: str
    columns: list[str]
    rows: list[list[float | str | None]]
    offset: int
    total: int = Field(description="Rows of the whole data set.")


def dataset_read(row: DatasetRow | DatasetSummary) -> DatasetRead:
    """Gives a data set as it is shown."""
    return DatasetRead(
        id=row.id,
        name=row.name,
        rows=row.rows,
        bytes=row.bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        columns=row.columns,
        units=row.units,
    )
