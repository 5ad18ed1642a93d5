"""Workers as people see them: who is alive, on which device, doing what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from service.store import workers as statements
from service.store.engine import database_now
from service.store.tables import WorkerRow

WorkerState = Literal["starting", "free", "busy"]


def state_of(job_id: str | None, ready_at: datetime | None) -> WorkerState:
    """Says what a worker does; one that has just started loads torch and its kernels, and takes no job yet."""
    if job_id is not None:
        return "busy"
    return "starting" if ready_at is None else "free"


def list_workers(session: Session, lease_seconds: float) -> Sequence[WorkerRow]:
    """Gives the workers that were seen within the length of a lease."""
    return statements.list_workers(session, database_now(session) - timedelta(seconds=lease_seconds))
