"""Real worker processes with short leases, and jobs for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from service.domain.ids import new_id
from service.domain.jobs import create_job
from service.domain.specs.job_specs import JobDraft
from service.store.blobs import put_blob
from service.store.checkpoints import list_checkpoints
from service.store.engine import database_now
from service.store.tables import CheckpointRow, DatasetRow, EventRow, JobRow, VersionRow

DEADLINE_SECONDS = 30.0
FAKE_RUN = "tests.service.worker.fake_run:FakeRun"
_QUICK = {
    "KAN_LEASE_SECONDS": "1.5",
    "KAN_HEARTBEAT_SECONDS": "0.3",
    "KAN_VERB_SECONDS": "0.1",
    "KAN_POLL_SECONDS": "0.05",
    "KAN_RESCUE_SECONDS": "0.2",
    "KAN_BACKOFF_SECONDS": "0.1",
    "KAN_CHECKPOINT_SECONDS": "0.2",
    "KAN_SHUTDOWN_SECONDS": "3",
}


class Bench:
    """A database, the workers on it, and what a test looks at."""

    def __init__(self, url: str, sessions: sessionmaker[Session], log: Path) -> None:
        self._url = url
        self._sessions = sessions
        self._log = log
        self.processes: list[subprocess.Popen[bytes]] = []

    def start_worker(
        self,
        device: str = "cpu",
        *,
        run_class: str | None = FAKE_RUN,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        **settings: str,
    ) -> subprocess.Popen[bytes]:
        """Starts one; `run_class` None = as the job's kind asks for; `prefix` and `options` go around the command."""
        environment = {**os.environ, **_QUICK, "KAN_DATABASE_URL": self._url, **settings}
        words = ["--device", device, *(["--run-class", run_class] if run_class else []), *options]
        command = [*prefix, sys.executable, "-m", "service.worker", *words]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, env=environment, stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    def freeze(self, worker: subprocess.Popen[bytes], job_id: str) -> None:
        """Stops a worker outside a transaction: frozen inside one it would hold its lock, which no lease can take."""
        with self._sessions() as session:
            session.get_one(JobRow, job_id, with_for_update=True)
            worker.send_signal(signal.SIGSTOP)
            # The signal is delivered before the lock is given back.
            os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)

    def submit(self, **resolved: Any) -> str:
        limits = {"max_runtime_s": resolved.pop("max_runtime_s", 600), "max_attempts": resolved.pop("max_attempts", 3)}
        with self._sessions() as session:
            dataset_id = self._dataset(session, resolved.pop("rows", b"the rows"))
            draft = JobDraft("train", {}, {"seed": 0, **resolved}, dataset_id, "toy", limits["max_runtime_s"], 0, {})
            row = create_job(session, draft, max_queue=1000, max_attempts=limits["max_attempts"])
            session.commit()
            return row.id

    def job(self, job_id: str) -> JobRow:
        with self._sessions() as session:
            return session.get_one(JobRow, job_id)

    def events(self, job_id: str, kind: str | None = None) -> list[EventRow]:
        with self._sessions() as session:
            rows = session.scalars(select(EventRow).where(EventRow.job_id == job_id).order_by(EventRow.seq)).all()
        return [row for row in rows if kind in (None, row.type)]

    def checkpoints(self, job_id: str) -> list[CheckpointRow]:
        with self._sessions() as session:
            return list(list_checkpoints(session, job_id))

    def versions(self, job_id: str) -> list[VersionRow]:
        with self._sessions() as session:
            return list(session.scalars(select(VersionRow).where(VersionRow.job_id == job_id)))

    def statuses(self, job_id: str) -> list[str]:
        return [row.data["status"] for row in self.events(job_id, "status")]

    def wait_for(self, job_id: str, reached: Callable[[JobRow], bool], seconds: float = DEADLINE_SECONDS) -> JobRow:
        deadline = time.monotonic() + seconds
        while True:
            row = self.job(job_id)
            if reached(row):
                return row
            if time.monotonic() > deadline:
                log = self._log.read_text()[-4000:]
                raise AssertionError(f"not reached: {row.status} {row.reason} {row.progress} {row.error}\n{log}")
            time.sleep(0.02)

    def wait_for_log(self, words: str) -> None:
        """Waits until a worker has logged some words."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while words not in self._log.read_text():
            assert time.monotonic() < deadline, f"{words!r} was not logged"
            time.sleep(0.02)

    def wait_for_end(self, job_id: str, seconds: float = DEADLINE_SECONDS) -> JobRow:
        return self.wait_for(job_id, lambda row: row.finished_at is not None, seconds)

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _dataset(self, session: Session, rows: bytes) -> str:
        blob = put_blob(session, rows)
        row = DatasetRow(
            id=new_id("ds"),
            name="toy",
            rows=1,
            bytes=len(rows),
            sha256=blob,
            blob_sha256=blob,
            columns=[{"name": "x", "type": "number"}],
            units={},
            created_at=database_now(session),
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def database_url(own_database_url: str) -> str:
    """Processes work on it, and some of them outlive their test for a moment."""
    return own_database_url


@pytest.fixture
def bench(database_url: str, sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(database_url, sessions, tmp_path / "workers.log")
    yield bench
    bench.close()
