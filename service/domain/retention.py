"""What ended jobs leave is forgotten in time: checkpoints first, then their logs, then the jobs; models stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.settings import Settings
from service.store.blobs import adopt_strays, drop_orphans
from service.store.engine import database_now
from service.store.retention import drop_events, drop_jobs, release_checkpoints
from service.store.workers import drop_unseen_workers

# The states a job went through are read from them.
LASTING_EVENTS = ("status", "end")
_FORGET_WORKER = timedelta(hours=1)


@dataclass(frozen=True)
class Forgotten:
    """How many of each were forgotten."""

    checkpoints: int
    events: int
    jobs: int


def sweep(session: Session, settings: Settings, shelf: str) -> dict[str, int]:
    """Forgets what is old, then deletes the bytes that nothing refers to, and commits; gives how many of each.

    Args:
        session: to write with.
        settings: say what is old.
        shelf: of the folder of bytes, where there is one, to look for files that no row knows.
    """
    forgotten = forget(session, settings)
    now = database_now(session)
    oldest = now - timedelta(seconds=settings.orphan_seconds)
    blobs, strays = drop_orphans(session, oldest), adopt_strays(session, shelf, oldest)
    drop_unseen_workers(session, now - _FORGET_WORKER)
    session.commit()
    return {"blobs": blobs, "strays": strays, **asdict(forgotten)}


def forget(session: Session, settings: Settings) -> Forgotten:
    """Forgets what is older than the settings say; the caller commits, and orphaned bytes are swept as any.

    A sweep does some; the next one goes on.
    """
    now = database_now(session)

    def older(days: float, drop: Callable[[datetime], int]) -> int:
        return drop(now - timedelta(days=days)) if days else 0

    return Forgotten(
        checkpoints=older(settings.keep_checkpoints_days, lambda before: release_checkpoints(session, before)),
        events=older(settings.keep_events_days, lambda before: drop_events(session, before, LASTING_EVENTS)),
        jobs=older(settings.keep_jobs_days, lambda before: drop_jobs(session, before)),
    )
