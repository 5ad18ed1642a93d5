"""What a worker tells the others of itself: that it is there, that it can train, which job it holds."""

from __future__ import annotations

import os
import socket
from datetime import datetime

from sqlalchemy.orm import Session

from service.store.engine import database_now
from service.store.tables import WorkerRow
from service.store.workers import drop_worker, note_job, report_worker, touch_worker
from service.worker.retrying import Transactions


class Presence:
    """A worker's row in the database; every method is a transaction of its own, safe to call from any thread.

    Attributes:
        job_id: the job that it holds, as others shall see it.
    """

    def __init__(self, worker_id: str, device: str, writing: Transactions) -> None:
        self._worker_id, self._device, self._writing = worker_id, device, writing
        self._started_at: datetime | None = None
        self._ready_at: datetime | None = None
        self.job_id: str | None = None

    def sign_on(self) -> None:
        """Says that the worker is there; not yet that it can train."""
        self._writing.run(self._report)

    def touch(self) -> None:
        """Says that it is still alive."""
        self._writing.run(self._touch)

    def note_ready(self) -> None:
        """Says, once, that it has a process to train in; where that fails, the next touch does."""
        if self._ready_at is None:
            self._writing.run(self._become_ready)

    def note_free(self) -> None:
        """Says that it holds no job."""
        self.job_id = None
        self._writing.run(self._note_free)

    def sign_off(self) -> None:
        """Says that it is gone."""
        self._writing.run(self._sign_off)

    def _report(self, session: Session) -> None:
        now = database_now(session)
        self._started_at = self._started_at or now
        row = WorkerRow(
            id=self._worker_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            device=self._device,
            started_at=self._started_at,
            ready_at=self._ready_at,
            seen_at=now,
            job_id=self.job_id,
        )
        report_worker(session, row)
        session.commit()

    def _touch(self, session: Session) -> None:
        if touch_worker(session, self._worker_id, database_now(session), self._ready_at):
            session.commit()
        else:
            # Forgotten while it slept or the database was away: it is alive, and must be seen.
            self._report(session)

    def _become_ready(self, session: Session) -> None:
        self._ready_at = database_now(session)
        self._touch(session)

    def _note_free(self, session: Session) -> None:
        note_job(session, self._worker_id, None)
        session.commit()

    def _sign_off(self, session: Session) -> None:
        drop_worker(session, self._worker_id)
        session.commit()
