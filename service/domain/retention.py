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
    logs = {"lasting": LASTING_EVENTS}
    of_jobs = {
        "checkpoints": (settings.keep_checkpoints_days, statements.with_old_checkpoints, statements.free_checkpoints),
        "events": (
            settings.keep_events_days,
            partial(statements.with_old_events, **logs),
            partial(statements.drop_events, **logs),
        ),
        "jobs": (settings.keep_jobs_days, statements.old_jobs, statements.drop_jobs),
    }
    age = settings.orphan_seconds
    return {
        **{
            name: Sweep(days * _DAY_SECONDS, find, _found(drop)) for name, (days, find, drop) in of_jobs.items() if days
        },
        "blobs": Sweep(age, find_orphans, drop_orphans),
        "strays": Sweep(age, partial(find_strays, shelf=shelf), _found(adopt_strays)),
        "workers": Sweep(_FORGET_WORKER_SECONDS, unseen_workers, drop_unseen_workers),
    }


def _found(forget: Callable[[Session, Sequence[Any]], int]) -> Callable[[Session, datetime, Sequence[Any]], int]:
    """Gives how to forget what does not become young again once it was found old."""
    return lambda session, _, found: forget(session, found)
