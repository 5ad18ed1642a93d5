"""Workers as people see them: who is alive, on which device, doing what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service.store import workers as statements
from service.store.engine import database_now
from service.store.tables import WorkerRow


def list_workers(session: Session, lease_seconds: float) -> Sequence[WorkerRow]:
    """Gives the workers that were seen within the length of a lease."""
    return statements.list_workers(session, database_now(session) - timedelta(seconds=lease_seconds))
