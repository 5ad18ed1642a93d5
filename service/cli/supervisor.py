"""Keeps N worker processes alive: starts them again when they die, and gives their jobs back at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from service.domain.ids import new_id
from service.log import get_logger
from service.settings import Settings
from service.store.blobs import with_blobs
from service.store.engine import make_engine, session_factory
from service.worker.rescuer import release
from service.worker.retrying import Transactions

_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
# A worker that lived so long did not die of its start.
_HEALTHY_SECONDS = 30.0
_KILL_AFTER_SECONDS = 5.0

log = get_logger()


@dataclass
class _Worker:
    """One place for a worker: the process in it, None where none could be started, and the wait before the next one."""

    worker_id: str
    device: str
    process: subprocess.Popen[bytes] | None
    started: float
    pause: float = _FIRST_PAUSE_SECONDS
    start_at: float | None = None

    @property
    def is_alive(self) -> bool:
        """Does its process run?"""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """A context in which workers run, some for each device; leaving it stops them, each handing its job over.

    Args:
        settings: how many, and how long they may take to stop.
        devices: what they train on.
        closing: set when the end is near: from then on, none that ends is started again.
    """

    def __init__(self, settings: Settings, devices: Sequence[str], closing: threading.Event | None = None) -> None:
        self._settings = settings
        self._devices = devices
        self._closing = closing or threading.Event()
        self._engine = with_blobs(make_engine(settings.database_url), settings.blobs)
        self._writing = Transactions(session_factory(self._engine), settings.database_retry_seconds)
        self._ended = threading.Event()
        # Workers die with the thread that started them, so one thread does it and outlives them.
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._engine.dispose()

    def _watch(self) -> None:
        self._workers = [_start(device) for device in self._devices for _ in range(self._settings.workers)]
        while not self._ended.wait(_LOOK_SECONDS):
            for place, worker in enumerate(self._workers):
                self._workers[place] = self._kept_alive(worker)
        self._stop_all()

    def _kept_alive(self, worker: _Worker) -> _Worker:
        """Gives the worker, or the one that takes its place."""
        # A service manager asks every process to end at once: the workers are gone while the API still answers.
        if worker.is_alive or self._closing.is_set():
            return worker
        now = time.monotonic()
        if worker.start_at is None:
            healthy = now - worker.started > _HEALTHY_SECONDS
            worker.pause = _FIRST_PAUSE_SECONDS if healthy else min(_LONGEST_PAUSE_SECONDS, worker.pause * 2)
            worker.start_at = now + worker.pause
            if worker.process is not None:
                log.error("worker_died", worker_id=worker.worker_id, code=worker.process.returncode)
                self._release(worker.worker_id)
        return _start(worker.device, worker.pause) if now >= worker.start_at else worker

    def _release(self, worker_id: str) -> None:
        """Gives the dead worker's job back without waiting for its lease."""
        try:
            release(self._settings, self._writing, worker_id)
        except SQLAlchemyError as error:
            log.warning("release_failed", worker_id=worker_id, error=type(error).__name__)

    def _stop_all(self) -> None:
        running = [(worker.worker_id, worker.process) for worker in self._workers if worker.process is not None]
        for _, process in running:
            process.terminate()
        deadline = time.monotonic() + self._settings.shutdown_seconds + _KILL_AFTER_SECONDS
        for worker_id, process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode:
                # It did not come to hand its job over.
                self._release(worker_id)


def _start(device: str, pause: float = _FIRST_PAUSE_SECONDS) -> _Worker:
    worker_id = new_id("wk")
    options = ["--supervised", str(os.getpid()), "--id", worker_id, "--device", device]
    command = [sys.executable, "-m", "service.worker", *options]
    try:
        # A session of its own: Ctrl-C in the terminal reaches this process only, which then stops the workers in order.
        process = subprocess.Popen(command, start_new_session=True)
    except OSError as error:
        # No process, descriptor or memory to be had: for now, perhaps.
        log.error("worker_not_started", device=device, error=str(error))
        process = None
    return _Worker(worker_id, device, process, time.monotonic(), pause)
