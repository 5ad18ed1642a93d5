"""The metrics of a job over its whole length: so many are kept, spread evenly, and fewer are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy.orm import Session

from service.domain.jobs import get_job
from service.store import events as statements
from service.store.tables import EventRow


@dataclass(frozen=True, eq=False)
class MetricSeries:
    """Some of a job's metrics, oldest first.

    Attributes:
        kept: how many its log holds.
    """

    rows: Sequence[EventRow]
    kept: int


def list_metrics(session: Session, job_id: str, max_points: int) -> MetricSeries:
    """Gives a job's metrics, at most `max_points` (2 or more) at even places, the first and the last among them.

    Raises:
        JobNotFound: no such job.
    """
    get_job(session, job_id)
    rows = statements.list_metrics(session, job_id)
    return MetricSeries([rows[place] for place in even_places(len(rows), max_points)], len(rows))


def even_places(count: int, most: int) -> Sequence[int]:
    """Gives at most `most` of the places 0 to count - 1, spread evenly, with both ends."""
    if count <= most:
        return range(count)
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]


def shorten_series(session: Session, job_id: str, most: int) -> None:
    """Drops metrics of a log that holds more than `most`; what stays is spread evenly over the whole length."""
    if statements.count_metrics(session, job_id) > most:
        statements.drop_events(session, job_id, surplus(statements.metric_numbers(session, job_id), most // 2))


def surplus(numbers: Sequence[int], parts: int) -> list[int]:
    """Gives which of rising numbers to drop so that no gap is longer than one of `parts` equal parts of their range.

    Both ends stay, and at most two numbers for each part. To drop every second one would not do: what is old would be
    halved again each time, until nothing of it is left.

    >>> surplus([1, 2, 3, 4, 5, 6, 7, 8, 9], 4)
    [2, 4, 6, 8]
    """
    part = (numbers[-1] - numbers[0]) / parts
    dropped, kept = [], numbers[0]
    for number, following in pairwise(numbers[1:]):
        if following - kept <= part:
            dropped.append(number)
        else:
            kept = number
    return dropped
