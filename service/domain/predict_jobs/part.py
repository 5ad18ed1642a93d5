"""What a predict job hands over to be kept; its process imports it without the store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictedPart:
    """The predictions of some rows that follow each other.

    Attributes:
        number: of the part, from 1.
        first_row, rows: which rows of the data set.
        bad_rows: how many of them have an error in place of a prediction.
        content: a table as Parquet, see `service.domain.predict_jobs.answers`.
    """

    number: int
    first_row: int
    rows: int
    bad_rows: int
    content: bytes
