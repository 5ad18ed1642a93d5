"""All jobs as numbers: the queue as it is, durations of the jobs that have ended since this process began."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy.orm import Session, sessionmaker

from service.domain.access.tallies import JOB_SECONDS, Histogram
from service.domain.leasing.workers import list_workers, state_of
from service.domain.states import TERMINAL, Status
from service.store import job_counts as statements
from service.store.engine import database_now

# However often it is asked, the database is looked at no more often than this.
LOOK_SECONDS = 5.0
# A transaction writes its time before it commits: what ended a little ago may be seen only now.
_LATE_COMMIT = timedelta(minutes=1)
_MOST_ENDED = 10_000
_LIVE: tuple[Status, ...] = ("queued", "running", "pausing", "paused", "cancelling")


@dataclass(frozen=True)
class Snapshot:
    """All jobs and workers at one moment.

    Attributes:
        live: jobs that have not ended, by (kind, state).
        oldest_seconds: for how long the queued job that waits longest could have run; 0 where none waits.
        lease_losses: jobs taken back from workers that were gone, since the database was made.
        workers: by (device, state).
        durations: of jobs that have ended, by (kind, end).
    """

    live: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest_seconds: float = 0.0
    lease_losses: int = 0
    workers: dict[tuple[str, str], int] = field(default_factory=dict)
    durations: dict[tuple[str, str], Histogram] = field(default_factory=dict)


class JobCounts:
    """Looks at most every five seconds; safe to share between threads.

    Args:
        sessions: that only read.
        lease_seconds: within which a living worker was seen.
        clock: steady seconds.
    """

    def __init__(
        self, sessions: sessionmaker[Session], lease_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions, self._lease_seconds, self._clock = sessions, lease_seconds, clock
        self._lock = Lock()
        self._began = clock()
        self._last: Snapshot | None = None
        self._looked_at = 0.0
        self._since: datetime | None = None
        self._seen: dict[str, datetime] = {}
        self._durations: dict[tuple[str, str], Histogram] = {}

    def snapshot(self) -> Snapshot:
        """Gives the numbers, at most five seconds old."""
        with self._lock:
            if self._last is None or self._clock() - self._looked_at >= LOOK_SECONDS:
                with self._sessions() as session:
                    self._last = self._look(session)
                self._looked_at = self._clock()
            return self._last

    def _look(self, session: Session) -> Snapshot:
        now = database_now(session)
        self._note_ended(session, now)
        live = statements.count_live_jobs(session, _LIVE)
        due = [found.due for found in live if found.status == "queued"]
        workers: dict[tuple[str, str], int] = {}
        for worker in list_workers(session, self._lease_seconds):
            place = worker.device, state_of(worker.job_id, worker.ready_at)
            workers[place] = workers.get(place, 0) + 1
        return Snapshot(
            live={(found.kind, found.status): found.count for found in live},
            oldest_seconds=max(0.0, (now - min(due)).total_seconds()) if due else 0.0,
            lease_losses=statements.counter(session, statements.LEASE_LOSSES),
            workers=workers,
            durations=self._durations,
        )

    def _note_ended(self, session: Session, now: datetime) -> None:
        if self._since is None:
            self._since = now - timedelta(seconds=self._clock() - self._began)
            # Whatever has ended before is not news.
            self._seen = {job.id: end for job, end in self._ended(session, self._since) if end <= self._since}
        for job, end in self._ended(session, self._since):
            if job.id not in self._seen:
                durations = self._durations.setdefault((job.kind, job.status), Histogram(JOB_SECONDS))
                durations.observe((end - (job.started_at or end)).total_seconds())
            self._seen[job.id] = end
        self._since = max(self._since, *self._seen.values()) if self._seen else self._since
        self._seen = {job: at for job, at in self._seen.items() if at > self._since - _LATE_COMMIT}

    def _ended(self, session: Session, since: datetime) -> list[tuple[statements.Ended, datetime]]:
        found = statements.list_ended_jobs(session, since - _LATE_COMMIT, _MOST_ENDED)
        return [(job, job.finished_at) for job in found if job.finished_at is not None and job.status in TERMINAL]
