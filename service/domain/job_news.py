"""What is new in the logs of several jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.store import events as statements
from service.store.jobs import list_events
from service.store.tables import EventRow


@dataclass(frozen=True, eq=False)
class News:
    """New events of one job, oldest first.

    Attributes:
        seen: up to which number nothing more is to be looked for.
    """

    events: Sequence[EventRow]
    seen: int


def list_news(session: Session, seen: Mapping[str, int], most: int) -> dict[str, News | None]:
    """Gives, of the jobs with events above the numbers `seen`, at most `most` events each; None of a job that is gone.

    One query where nothing is new.
    """
    numbers = statements.last_numbers(session, seen)
    found: dict[str, News | None] = {job_id: None for job_id in seen if job_id not in numbers}
    for job_id, last in numbers.items():
        if last > seen[job_id]:
            events = list_events(session, job_id, seen[job_id], most)
            # A job that was deleted just now has none; it is missing the next time.
            found[job_id] = News(events, events[-1].seq if events else seen[job_id])
    return found
