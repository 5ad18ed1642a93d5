"""Real processes with short leases, and the ways to hurt them; every test ends only what it started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from service.store.tables import JobRow
from tests.faults.held_run import Gates
from tests.service.worker.conftest import Bench
from tests.service.worker.test_loop import assert_succeeded_once

HELD_RUN = "tests.faults.held_run:HeldRun"
# Generous: they are for a busy machine, nothing waits so long where all is well.
DEADLINE_SECONDS = 90.0


def wait_until(reached: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """Gives the first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"not reached: {what}"
        time.sleep(0.02)
    return found


class FaultBench(Bench):
    """A database with workers and APIs on it that can be killed at a chosen phase of a job."""

    def __init__(self, url: str, sessions: sessionmaker[Session], folder: Path) -> None:
        super().__init__(url, sessions, folder / "workers.log")
        self.folder = folder
        self.gates = Gates(folder)
        self._clients: list[httpx.Client] = []

    def start_held_worker(self, prefix: Sequence[str] = (), **settings: str) -> subprocess.Popen[bytes]:
        return self.start_worker(run_class=HELD_RUN, prefix=prefix, **settings)

    def submit_held(self, steps: int, *hold: str, **resolved: Any) -> str:
        return self.submit(steps=steps, hold=hold, folder=str(self.folder), **resolved)

    def start_api(self, port: int | None = None) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        """Starts `kan serve` without workers and waits until it answers."""
        port = port or free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KAN_")}
        environment = {**kept, "KAN_DATABASE_URL": self._url, "KAN_PORT": str(port), "KAN_WORKERS": "0"}
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "service", "serve"]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(process)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS)
        self._clients.append(client)
        wait_until(lambda: is_ready(client), "an API that is ready")
        return process, client

    def log(self) -> str:
        """Gives what workers and APIs have logged."""
        return self._log.read_text()

    def logged(self, event: str, **facts: str) -> list[dict[str, Any]]:
        """Gives the lines of the log about one kind of event, as far as they have these facts."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if {**line, **facts, "event": event} == line]

    def wait_here(self, phase: str) -> None:
        wait_until(lambda: self.gates.is_here(phase), f"{phase}\n{self.log()[-4000:]}")

    @contextmanager
    def locked(self, job_id: str) -> Iterator[None]:
        """Holds the job's lock: a worker that writes stands still in the middle of it."""
        with self._sessions() as session:
            session.get_one(JobRow, job_id, with_for_update=True)
            yield

    def wait_for_waiting_writer(self) -> None:
        """Waits until somebody waits for a lock; SQLite cannot tell, there the run's own sign must do."""
        if not self._url.startswith("sqlite"):
            wait_until(self._is_somebody_waiting, "a writer that waits")

    def kill(self, process: subprocess.Popen[bytes], phase: str) -> None:
        """Kills a worker alone; the training process at `phase` must end by itself."""
        training = self.gates.pid(phase)
        process.kill()
        process.wait()
        wait_until(lambda: not is_running(training), "the end of the training process")

    def kill_training(self, worker: subprocess.Popen[bytes], phase: str) -> None:
        """Kills the training process of `phase`, unless it has ended."""
        training = self.gates.pid(phase)
        for child in psutil.Process(worker.pid).children(recursive=True):
            if child.pid == training:
                with suppress(psutil.NoSuchProcess):
                    child.kill()

    def assert_succeeded_once(self, job_id: str, steps: int) -> None:
        self.wait_for_end(job_id, DEADLINE_SECONDS)
        assert_succeeded_once(self, job_id, steps)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        super().close()

    def _is_somebody_waiting(self) -> bool:
        with self._sessions() as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def database_url(own_database_url: str) -> str:
    """Processes work on it, and some of them outlive their test for a moment."""
    return own_database_url


@pytest.fixture
def bench(database_url: str, sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[FaultBench]:
    bench = FaultBench(database_url, sessions, tmp_path)
    yield bench
    bench.close()
