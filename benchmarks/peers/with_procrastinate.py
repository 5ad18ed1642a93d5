"""Procrastinate: a queue of jobs on Postgres whose workers call functions; one job at a time in each worker process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

URL = "BENCHMARK_POSTGRES"
LIMIT_SECONDS = 240.0
UNFINISHED = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"

# As the workers' processes load it.
app = App(connector=PsycopgConnector(conninfo=os.environ.get(URL, "")))


@app.task(name="no_op")
def no_op() -> None:
    """Does nothing."""


def bench(variant: str, path: str | None) -> Procrastinate:
    """Gives the bench."""
    return Procrastinate()


class Procrastinate:
    """Defers and does jobs on a database that it fills with its tables first."""

    def __init__(self) -> None:
        self._has_tables = False

    def stored_per_second(self, url: str, jobs: int) -> float:
        """Gives deferred jobs a second, one after another."""
        with self._opened(url):
            started = time.perf_counter()
            for _ in range(jobs):
                no_op.defer()
            seconds = time.perf_counter() - started
        with psycopg.connect(plain(url)) as connection:
            connection.execute("DELETE FROM procrastinate_jobs")
        return jobs / seconds

    def done_per_second(self, url: str, jobs: int, workers: int) -> float:
        """Gives jobs a second of workers that listen, from one statement that defers all to the end of the last."""
        command = [sys.executable, "-m", "procrastinate", "--app", "peers.with_procrastinate.app", "worker"]
        environment = {**os.environ, URL: plain(url)}
        with self._opened(url), psycopg.connect(plain(url), autocommit=True) as connection:
            started = [subprocess.Popen([*command, "--concurrency", "1"], env=environment) for _ in range(workers)]
            try:
                _wait(connection, LISTENING, lambda count: count >= workers)
                no_op.batch_defer(*({} for _ in range(jobs)))
                begun = time.perf_counter()
                _wait(connection, UNFINISHED, lambda count: count == 0)
                return jobs / (time.perf_counter() - begun)
            finally:
                for worker in started:
                    worker.kill()
                    worker.wait()

    @contextmanager
    def _opened(self, url: str) -> Iterator[None]:
        with app.replace_connector(SyncPsycopgConnector(conninfo=plain(url))) as synchronous, synchronous.open():
            if not self._has_tables:
                synchronous.schema_manager.apply_schema()
                self._has_tables = True
            yield


def plain(url: str) -> str:
    """Gives the URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def _wait(connection: psycopg.Connection, query: str, is_reached: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_reached(connection.execute(query).fetchone()[0]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"over {LIMIT_SECONDS:g} s")
        time.sleep(0.02)
