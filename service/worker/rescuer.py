"""Takes back the jobs of workers that are gone, and sweeps what nothing refers to; every worker does it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from service.domain.leasing.backoff import Backoff
from service.domain.leasing.rescues import held_leases, lost_leases, rescue_jobs
from service.domain.leasing.watch import LeaseWatch
from service.domain.retention import Sweep, sweeps
from service.log import get_logger
from service.settings import Settings
from service.store.blob_folder import SHELVES
from service.store.jobs import Lease
from service.worker.retrying import Transactions

_SWEEP_SECONDS = 300.0
# What cannot be forgotten now (somebody refers to it at this moment) must not keep it busy for ever.
_MOST_ROUNDS = 100

log = get_logger()


class Rescuer:
    """A context in which a thread looks for lost jobs every `rescue_seconds`."""

    def __init__(self, settings: Settings, writing: Transactions, reading: Transactions) -> None:
        self._settings = settings
        self._writing, self._reading = writing, reading
        self._leases = LeaseWatch(settings.lease_seconds, settings.heartbeat_seconds, settings.rescue_seconds)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rescuer", daemon=True)

    def __enter__(self) -> Rescuer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        # Not before a while: a start should not wait for a sweep.
        swept = time.monotonic() - _SWEEP_SECONDS * random.random()
        while not self._ended.wait(self._settings.rescue_seconds):
            try:
                lost = self._reading.run(lambda session: lost_leases(session, self._leases, time.monotonic()))
                rescue(self._settings, self._writing, lost)
                if time.monotonic() - swept >= _SWEEP_SECONDS:
                    swept = time.monotonic()
                    self._sweep()
            except SQLAlchemyError as error:
                log.warning("rescue_failed", error=type(error).__name__)

    def _sweep(self) -> None:
        # A shelf at a time: a shared folder may take long to list.
        parts = sweeps(self._settings, random.choice(SHELVES))
        counts = {name: sum(self._swept(part)) for name, part in parts.items()}
        if any(counts.values()):
            log.info("swept", **counts)

    def _swept(self, part: Sweep) -> Iterator[int]:
        """Forgets some at a time, so that nobody waits long for the database; gives how many each time."""
        for _ in range(_MOST_ROUNDS):
            found = self._reading.run(part.find)
            if not found:
                return
            yield self._writing.run(partial(part.forget, found=found))


def release(settings: Settings, writing: Transactions, dead_worker_id: str) -> None:
    """Takes back what a worker that is known to be dead holds."""
    rescue(settings, writing, writing.run(lambda session: held_leases(session, dead_worker_id)))


def rescue(settings: Settings, writing: Transactions, lost: Sequence[Lease]) -> None:
    """Takes back the jobs of lost leases, and logs it."""
    if not lost:
        return
    backoff = backoff_of(settings)
    for job_id, status in writing.run(lambda session: rescue_jobs(session, backoff, lost)):
        log.warning("job_rescued", job_id=job_id, status=status)


def backoff_of(settings: Settings) -> Backoff:
    """Gives the wait before a next attempt, with fresh jitter."""
    return Backoff(settings.backoff_seconds, settings.backoff_max_seconds, random.random())
