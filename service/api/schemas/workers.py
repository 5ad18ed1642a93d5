"""The shape in which workers are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, computed_field

from service.domain.leasing.workers import WorkerState, state_of

WORKER_EXAMPLE: dict[str, Any] = {
    "id": "wk_01m855zsk5fwxvgkyv1bs3g32e",
    "host": "lab-2",
    "pid": 4711,
    "device": "cuda:0",
    "started_at": "2026-01-31T12:00:00Z",
    "ready_at": "2026-01-31T12:00:04Z",
    "seen_at": "2026-01-31T18:20:03Z",
    "job_id": "job_01m855zsk5fwxvgkyv1bs3g32e",
    "status": "busy",
}


class WorkerRead(BaseModel):
    """A worker that was seen lately."""

    model_config = ConfigDict(json_schema_extra={"examples": [WORKER_EXAMPLE]})

    id: str
    host: str
    pid: int
    device: str
    started_at: datetime
    ready_at: datetime | None = Field(description="Since when it can take jobs; null = not yet.")
    seen_at: datetime = Field(description="When it last said that it is alive.")
    job_id: str | None = Field(description="The job that it holds.")

    @computed_field(description="`starting`: it loads what training needs, and takes no job yet.")
    def status(self) -> WorkerState:
        """What it does."""
        return state_of(self.job_id, self.ready_at)


class WorkerList(BaseModel):
    """The workers that are alive, oldest first."""

    data: list[WorkerRead]
    next_cursor: None = Field(None, description="Always null: the list is whole.")
