"""The shape in which workers are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

WORKER_EXAMPLE: dict[str, Any] = {
    "id": "wk_01m855zsk5fwxvgkyv1bs3g32e",
    "host": "lab-2",
    "pid": 4711,
    "device": "cuda:0",
    "started_at": "2026-01-31T12:00:00Z",
    "seen_at": "2026-01-31T18:20:03Z",
    "job_id": "job_01m855zsk5fwxvgkyv1bs3g32e",
}


class WorkerRead(BaseModel):
    """A worker that was seen lately."""

    model_config = ConfigDict(json_schema_extra={"examples": [WORKER_EXAMPLE]})

    id: str
    host: str
    pid: int
    device: str
    started_at: datetime
    seen_at: datetime = Field(description="When it last said that it is alive.")
    job_id: str | None = Field(description="The job that it holds.")


class WorkerList(BaseModel):
    """The workers that are alive, oldest first."""

    data: list[WorkerRead]
    next_cursor: None = Field(None, description="Always null: the list is whole.")
