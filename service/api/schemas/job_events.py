"""The shapes in which a job's log is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from service.store.tables import EventRow


class EventRead(BaseModel):
    """One entry of a job's log."""

    seq: int
    at: datetime
    type: str = Field(description="status, stage, metric, checkpoint, warning, log or end.")
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events, oldest first; `next_cursor` is null when there are no more as yet."""

    data: list[EventRead]
    next_cursor: str | None


def event_read(row: EventRow) -> EventRead:
    """Gives an event as it is shown."""
    return EventRead(seq=row.seq, at=row.at, type=row.type, data=row.data)
