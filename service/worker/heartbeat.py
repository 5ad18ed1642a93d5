"""Renews the lease of the running job from a thread of its own, and listens for a cancel."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context

from sqlalchemy.exc import SQLAlchemyError

from service.domain.leasing.leases import Hold, LeaseLost, held_status, renew_lease
from service.log import get_logger
from service.settings import Settings
from service.worker.retrying import Transactions

log = get_logger()


class Heartbeat:
    """A context in which a job's lease is kept alive.

    Attributes:
        status: the job's state as last seen.
        is_lost: has somebody else got the job? Then its worker must stop.
    """

    def __init__(
        self, hold: Hold, settings: Settings, writing: Transactions, reading: Transactions, status: str = "running"
    ) -> None:
        self._hold = hold
        self._settings = settings
        self._writing = writing
        self._reading = reading
        self._ended = threading.Event()
        # With the context of the attempt: its lines of the log name the job and the trace.
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._beat,), name="heartbeat", daemon=True)
        self.status = status
        self.is_lost = False

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        renewed = time.monotonic()
        while not self._ended.wait(min(self._settings.verb_seconds, self._settings.heartbeat_seconds)):
            try:
                self.status = self._reading.run(lambda session: held_status(session, self._hold))
                if time.monotonic() - renewed >= self._settings.heartbeat_seconds:
                    self._renew()
                    renewed = time.monotonic()
            except LeaseLost:
                self.is_lost = True
                return
            except SQLAlchemyError as error:
                # The lease may end meanwhile; the fence keeps that harmless.
                log.warning("heartbeat_failed", error=type(error).__name__)

    def _renew(self) -> None:
        self._writing.run(lambda session: renew_lease(session, self._hold, self._settings.lease_seconds))
