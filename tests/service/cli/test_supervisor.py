"""A machine that has no process or descriptor to give, and a worker that dies while it is stopped; real processes."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs
from structlog.typing import EventDict

from service.cli.supervisor import Supervisor
from service.domain.jobs import create_job
from service.domain.leasing.claims import claim_next_job
from service.domain.specs.job_specs import JobDraft
from service.settings import Settings
from service.store.engine import make_engine, session_factory
from service.store.tables import JobRow, WorkerRow

T = TypeVar("T")
DEADLINE_SECONDS = 60.0


@pytest.fixture
def sessions(sqlite_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(sqlite_url)
    yield session_factory(engine)
    engine.dispose()


@pytest.fixture
def supervisor(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    monkeypatch.setenv("KAN_DATABASE_URL", sqlite_url)
    return Supervisor(Settings(database_url=sqlite_url, database_retry_seconds=0), ["cpu"])


def wait_for(find: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := find()) is None:
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def present_worker(sessions: sessionmaker[Session]) -> WorkerRow:
    def find() -> WorkerRow | None:
        with sessions() as session:
            return session.query(WorkerRow).first()

    return wait_for(find, "a worker")


def test_worker_that_cannot_be_started_is_started_when_the_machine_has_room(
    supervisor: Supervisor, sessions: sessionmaker[Session]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with capture_logs() as lines:
        # Nothing more can be opened.
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            supervisor.__enter__()
            refused = wait_for(lambda: not_started(lines)[1:] or None, "refusals")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "Too many open files" in refused[0]["error"]
    present_worker(sessions)
    supervisor.__exit__()


def not_started(lines: list[EventDict]) -> list[EventDict]:
    return [line for line in lines if line["event"] == "worker_not_started"]


def test_job_of_a_worker_that_dies_while_it_is_stopped_is_given_back_at_once(
    supervisor: Supervisor, sessions: sessionmaker[Session]
) -> None:
    supervisor.__enter__()
    worker = present_worker(sessions)
    os.kill(worker.pid, signal.SIGSTOP)
    with sessions() as session:
        job_id = create_job(session, JobDraft("train", {}, {}, None, "toy", 60, 0, {}), max_queue=9, max_attempts=3).id
        session.commit()
        assert claim_next_job(session, worker.id, 600.0) is not None
    stopping = threading.Thread(target=supervisor.__exit__)
    stopping.start()
    wait_for(lambda: is_asked_to_stop(worker.pid) or None, "a signal that waits")
    os.kill(worker.pid, signal.SIGKILL)
    stopping.join(DEADLINE_SECONDS)
    with sessions() as session:
        assert session.get_one(JobRow, job_id).status == "queued"


def is_asked_to_stop(pid: int) -> bool:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("ShdPnd:")]
    return bool(int(line.split()[1], 16) >> signal.SIGTERM - 1 & 1)


def test_worker_that_a_service_manager_ends_with_the_server_is_not_started_again(
    sqlite_url: str, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAN_DATABASE_URL", sqlite_url)
    closing = threading.Event()
    with Supervisor(Settings(database_url=sqlite_url), ["cpu"], closing):
        worker = psutil.Process(present_worker(sessions).pid)
        before = {child.pid for child in psutil.Process().children()}
        closing.set()
        worker.terminate()
        wait_for(lambda: worker.status() == psutil.STATUS_ZOMBIE or None, "the worker's end")
        # Longer than the pause before another one would be started.
        time.sleep(1)
        assert {child.pid for child in psutil.Process().children()} <= before
