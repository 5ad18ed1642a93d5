"""A job queue of ours in use: its database, its API, its workers, and what its events tell about time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import httpx
import psutil
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from service.domain.jobs import create_job
from service.domain.specs.job_specs import JobDraft
from service.store.engine import make_engine, session_factory
from service.store.tables import EventRow, JobRow, WorkerRow

NO_OP = "benchmarks.no_op_run:NoOpRun"
ROWS = "a,b,y\n" + "".join(f"{i % 13},{i % 7},{(i % 13) ** 2 + i % 7}\n" for i in range(200))
SPEC = {"kind": "train", "targets": ["y"], "network": {"hidden": [], "grid": 3}, "preset": "quick"}
LIMIT_SECONDS = 240.0
ROOT = Path(__file__).resolve().parents[1]


class JobQueue:
    """Jobs, workers and times of one database; a context that ends all it started."""

    def __init__(self, url: str) -> None:
        self._environment = {**os.environ, "KAN_DATABASE_URL": url, "KAN_PORT": "0", "KAN_MAX_QUEUE": "1000000"}
        self._engine = make_engine(url)
        self._sessions = session_factory(self._engine)
        self._started, self._workers = ExitStack(), ExitStack()

    def __enter__(self) -> JobQueue:
        self._http = self._started.enter_context(self._api())
        headers = {"Content-Type": "text/csv"}
        self._dataset = self._http.post("/v1/datasets?name=toy", content=ROWS, headers=headers).json()["id"]
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()
        self._engine.dispose()

    def measured(self, measure: Callable[[JobQueue], str]) -> str:
        """Gives what `measure` gives, or that it took too long; nothing is left of it for the next one."""
        with self._workers:
            self._workers.callback(self.forget)
            try:
                return measure(self)
            except TimeoutError as error:
                return str(error)

    def posted_per_second(self, count: int) -> float:
        """Posts trainings one after another, as one client would."""
        started = time.perf_counter()
        for _ in range(count):
            self.post()
        return count / (time.perf_counter() - started)

    def stored_per_second(self, count: int) -> float:
        """Stores jobs that do nothing, each in a transaction of its own."""
        started = time.perf_counter()
        for _ in range(count):
            self.store()
        return count / (time.perf_counter() - started)

    def first_steps(self, count: int) -> str:
        """Gives median and p95 of the milliseconds between a submit and its first step, on an idle worker."""
        workers = self.start_workers(1, run_class=None)
        found = []
        for _ in range(count):
            job_id = self.post()
            self.wait_until_done()
            found.append(1000 * self._seconds_to_first_step(job_id))
            # The next process is ready, and the worker idle.
            wait_for(lambda: is_ready(workers[0].pid))
            time.sleep(0.2)
        return f"{median(found):.0f} / {quantiles(found, n=20)[-1]:.0f}"

    def takeover_seconds(self, lease_seconds: float) -> float:
        """Kills the worker that runs a job; gives the seconds until the other one runs it."""
        heartbeat = lease_seconds / 6
        leases = {"KAN_LEASE_SECONDS": str(lease_seconds), "KAN_HEARTBEAT_SECONDS": str(heartbeat)}
        workers = self.start_workers(2, **leases)
        job_id = self.store(seconds=600)
        wait_for(lambda: self._claims(job_id) == 1)
        # In the middle between two heartbeats, as a death is on average.
        time.sleep(1.5 * heartbeat)
        next(worker for worker in workers if worker.pid == self._holder(job_id)).kill()
        killed = time.perf_counter()
        wait_for(lambda: self._claims(job_id) == 2)
        return time.perf_counter() - killed

    def done_per_second(self, count: int, n_workers: int) -> float:
        """Gives jobs a second of warm workers, from the commit that stores all jobs to the end of the last."""
        self.start_workers(n_workers)
        with self._sessions() as session:
            for _ in range(count):
                self._create(session)
            session.commit()
        started = time.perf_counter()
        self.wait_until_done()
        return count / (time.perf_counter() - started)

    def post(self) -> str:
        answer = self._http.post("/v1/jobs", json={**SPEC, "dataset": self._dataset})
        return str(answer.raise_for_status().json()["id"])

    def store(self, **resolved: Any) -> str:
        with self._sessions() as session:
            job_id = self._create(session, **resolved)
            session.commit()
            return job_id

    def forget(self) -> None:
        """Deletes all jobs, so that no worker has to do them."""
        with self._sessions() as session:
            session.execute(delete(JobRow))
            session.commit()

    def start_workers(self, count: int, *, run_class: str | None = NO_OP, **settings: str) -> list[Popen[bytes]]:
        """Starts workers and waits until each has a training process that has loaded everything."""
        options = ["--run-class", run_class] if run_class else []
        command = [sys.executable, "-m", "service.worker", *options]
        environment = {**self._environment, **settings}
        workers = [Popen(command, cwd=ROOT, env=environment, stderr=DEVNULL) for _ in range(count)]
        for worker in workers:
            self._workers.callback(worker.wait)
            self._workers.callback(worker.kill)
        wait_for(lambda: all(is_ready(worker.pid) for worker in workers))
        return workers

    def wait_until_done(self) -> None:
        """Waits until no job is left."""
        wait_for(lambda: self._one(select(func.count()).where(JobRow.finished_at.is_(None))) == 0)

    def _create(self, session: Session, **resolved: Any) -> str:
        draft = JobDraft("train", {}, resolved, self._dataset, "toy", 3600, 0, {})
        return create_job(session, draft, max_queue=10**6, max_attempts=3).id

    def _seconds_to_first_step(self, job_id: str) -> float:
        query = select(EventRow.type, EventRow.at).where(EventRow.job_id == job_id).order_by(EventRow.seq)
        with self._sessions() as session:
            events = session.execute(query).all()
        first_step = next(at for kind, at in events if kind in ("stage", "metric"))
        return float((first_step - events[0].at).total_seconds())

    def _holder(self, job_id: str) -> int:
        query = select(WorkerRow.pid).join(JobRow, JobRow.worker_id == WorkerRow.id).where(JobRow.id == job_id)
        return int(self._one(query))

    def _claims(self, job_id: str) -> int:
        return int(self._one(select(JobRow.token).where(JobRow.id == job_id)))

    def _one(self, query: Select[Any]) -> Any:
        with self._sessions() as session:
            return session.scalar(query)

    @contextmanager
    def _api(self) -> Iterator[httpx.Client]:
        command = [sys.executable, "-m", "service", "serve", "--workers", "0"]
        process = Popen(command, cwd=ROOT, env=self._environment, stdout=PIPE, stderr=DEVNULL, text=True)
        assert process.stdout is not None
        url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        with httpx.Client(base_url=url.rstrip("/"), timeout=60) as http:
            yield http
        process.terminate()
        process.wait()


def is_ready(pid: int) -> bool:
    """Has a worker a process that waits for an order? It is the child of the fork server, its own child."""
    return any(child.ppid() != pid for child in psutil.Process(pid).children(recursive=True))


def wait_for(is_reached: Callable[[], bool]) -> None:
    """Looks often until something is so.

    Raises:
        TimeoutError: it took too long.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"over {LIMIT_SECONDS:g} s")
        time.sleep(0.02)
