"""The shapes in which a job's log is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.domain.metric_series import MetricSeries
from service.store.tables import EventRow

EVENTS_EXAMPLE = (
    "retry: 1000\n\n"
    'id: 2\nevent: status\ndata: {"seq":2,"at":"2026-01-31T12:00:00Z","type":"status","data":{"status":"running"}}\n\n'
    ": still here\n\n"
)
METRICS_EXAMPLE: dict[str, Any] = {
    "job": "job_01m855zsk5fwxvgkyv1bs3g32e",
    "points": 2,
    "kept": 2000,
    "series": {
        "seq": [3, 4107],
        "at": ["2026-01-31T12:00:00.2Z", "2026-01-31T12:01:09.7Z"],
        "stage": [1, 4],
        "name": ["fit", "fit"],
        "step": [1, 200],
        "train_loss": [0.81, 0.00012],
        "validation_loss": [None, 0.00015],
    },
}


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


class MetricTable(BaseModel):
    """A job's metrics, oldest first, one list for each column."""

    model_config = ConfigDict(json_schema_extra={"examples": [METRICS_EXAMPLE]})

    job: str
    points: int = Field(description="Length of each list.")
    kept: int = Field(description="Points that the log holds; of long jobs a part, spread evenly.")
    series: dict[str, list[Any]] = Field(
        description="seq (number of the event), at, and whatever the job measures; null where a point has it not."
    )


def event_read(row: EventRow) -> EventRead:
    """Gives an event as it is shown."""
    return EventRead(seq=row.seq, at=row.at, type=row.type, data=row.data)


def metric_table(job_id: str, found: MetricSeries) -> MetricTable:
    """Gives metrics as they are shown."""
    rows = found.rows
    names = dict.fromkeys(name for row in rows for name in row.data if name not in ("seq", "at"))
    series: dict[str, list[Any]] = {"seq": [row.seq for row in rows], "at": [row.at for row in rows]}
    series |= {name: [row.data.get(name) for row in rows] for name in names}
    return MetricTable(job=job_id, points=len(rows), kept=found.kept, series=series)
