"""The shape in which workers are shown."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class WorkerRead(BaseModel):
    """A worker that was seen lately."""

    id: str
    host: str
    pid: int
    device: str
    started_at: datetime
    seen_at: datetime
    job_id: str | None


class WorkerList(BaseModel):
    """The workers that are alive, oldest first."""

    data: list[WorkerRead]
