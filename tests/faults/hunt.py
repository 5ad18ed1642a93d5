"""SIGKILLs at random times, half of them at workers and half at training processes, each after a new checkpoint."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
from sqlalchemy.orm import Session, sessionmaker

from service.store.tables import JobRow, WorkerRow
from tests.faults.conftest import is_running, wait_until

LONGEST_PAUSE_SECONDS = 0.1


@dataclass
class Prey:
    """One job: how often it is to be hit, how often it was, and the claim and checkpoint that it had then."""

    job_id: str
    wanted: int
    kills: int = 0
    token: int = 0
    checkpoint: str = ""

    @property
    def is_open(self) -> bool:
        """Is it to be hit again?"""
        return self.kills < self.wanted

    def may_be_hit(self, row: JobRow) -> bool:
        """Does it run under another claim than at the last kill, and with a newer checkpoint?"""
        is_new = row.token > self.token and row.checkpoint_sha256 not in (None, self.checkpoint)
        return self.is_open and row.status == "running" and is_new

    def was_hit(self, token: int, checkpoint: str | None) -> None:
        self.kills, self.token, self.checkpoint = self.kills + 1, token, str(checkpoint)


class Hunt:
    """Workers, and a seeded hand that kills them."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        start_worker: Callable[[], subprocess.Popen[bytes]],
        workers: int,
        seed: int,
    ) -> None:
        self._sessions = sessions
        self._start_worker = start_worker
        self._random = random.Random(seed)
        self._patience = threading.Event()
        self._workers = {process.pid: process for process in (start_worker() for _ in range(workers))}

    def kill_next(self, preys: Sequence[Prey]) -> Prey:
        """Waits until one of the jobs may be hit, hits it and gives it."""
        left = [prey for prey in preys if prey.is_open]
        self._random.shuffle(left)
        told = f"a job with a new checkpoint; kills so far: {[prey.kills for prey in preys]}"
        hit: Prey = wait_until(lambda: next(filter(self._hit, left), None), told)
        return hit

    def end(self) -> None:
        """Ends all workers."""
        for process in self._workers.values():
            process.kill()
            process.wait()

    def _hit(self, prey: Prey) -> bool:
        if not prey.may_be_hit(self._row(prey)):
            return False
        # At random within some steps and the checkpoint after them.
        self._patience.wait(self._random.uniform(0.0, LONGEST_PAUSE_SECONDS))
        row = self._row(prey)
        worker = self._worker_of(row) if prey.may_be_hit(row) else None
        if worker is None:
            return False
        training = training_process(worker)
        if self._random.random() < 0.5:
            os.kill(training, signal.SIGKILL)
        else:
            self._replace(worker)
        wait_until(lambda: not is_running(training), "the end of the training process")
        # Somebody may have claimed it again by now: the claim that was hit is the one from before.
        prey.was_hit(row.token, self._row(prey).checkpoint_sha256)
        return True

    def _row(self, prey: Prey) -> JobRow:
        with self._sessions() as session:
            return session.get_one(JobRow, prey.job_id)

    def _worker_of(self, row: JobRow) -> int | None:
        """Gives the process that holds a job, if it is one of ours that lives."""
        with self._sessions() as session:
            found = session.get(WorkerRow, str(row.worker_id))
        return found.pid if found is not None and found.pid in self._workers else None

    def _replace(self, pid: int) -> None:
        fallen = self._workers.pop(pid)
        fallen.kill()
        fallen.wait()
        started = self._start_worker()
        self._workers[started.pid] = started


def training_process(worker: int) -> int:
    """Gives the process that trains: the oldest that the worker's fork server made; the spare one comes after it."""
    (server,) = [child for child in psutil.Process(worker).children() if child.children()]
    return min(server.children(), key=lambda child: (child.create_time(), child.pid)).pid
