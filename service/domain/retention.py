"""What ended jobs leave is forgotten in time: checkpoints first, then their logs, then the jobs; models stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service.settings import Settings
from service.store import retention as statements
from service.store.blobs import adopt_strays, drop_orphans, find_orphans, find_strays
from service.store.engine import database_now
from service.store.workers import drop_unseen_workers, unseen_workers

# The states a job went through are read from them.
LASTING_EVENTS = ("status", "end")
_FORGET_WORKER_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, eq=False)
class Sweep:
    """One kind of thing to forget, some at a time: looked for without holding anybody up, forgotten in a short moment.

    Attributes:
        seconds: the age at which it is old.
        search: gives some that are older than a time.
        remove: forgets those of them that are still that old; gives how many.
    """

    seconds: float
    search: Callable[[Session, datetime], Sequence[Any]]
    remove: Callable[[Session, datetime, Sequence[Any]], int]

    def find(self, session: Session) -> Sequence[Any]:
        """Gives some that are old now; it only reads."""
        return self.search(session, self._oldest(session))

    def forget(self, session: Session, found: Sequence[Any]) -> int:
        """Forgets what was found, and commits; gives how many."""
        count = self.remove(session, self._oldest(session), found)
        session.commit()
        return count

    def _oldest(self, session: Session) -> datetime:
        return database_now(session) - timedelta(seconds=self.seconds)


def sweeps(settings: Settings, shelf: str) -> dict[str, Sweep]:
    """Gives what is to be swept, in order: what one lets go of, a later one deletes.

    Args:
        settings: say what is old; 0 days = never.
        shelf: of the folder of bytes, where there is one, to look for files that no row knows.
    """
    find_events = partial(statements.with_old_events, lasting=LASTING_EVENTS)
    drop_events = partial(statements.drop_events, lasting=LASTING_EVENTS)
    checkpoint_days, age = settings.keep_checkpoints_days, settings.orphan_seconds
    found = {
        "checkpoints": _after(checkpoint_days, statements.with_old_checkpoints, statements.free_checkpoints),
        "events": _after(settings.keep_events_days, find_events, drop_events),
        "jobs": _after(settings.keep_jobs_days, statements.old_jobs, statements.drop_jobs),
        "blobs": Sweep(age, find_orphans, drop_orphans),
        "strays": Sweep(
            age, partial(find_strays, shelf=shelf), lambda session, _, strays: adopt_strays(session, strays)
        ),
        "workers": Sweep(_FORGET_WORKER_SECONDS, unseen_workers, drop_unseen_workers),
    }
    return {name: sweep for name, sweep in found.items() if sweep is not None}


def _after(
    days: float, search: Callable[[Session, datetime], Sequence[str]], remove: Callable[[Session, Sequence[str]], int]
) -> Sweep | None:
    """Gives the sweep of what ended jobs leave, and which is not young again once it was found old; None = it stays."""
    if not days:
        return None
    return Sweep(days * _DAY_SECONDS, search, lambda session, _, job_ids: remove(session, job_ids))
