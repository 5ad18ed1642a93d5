"""The database is restarted, or locked by somebody else, in the middle of a training."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from service.store.engine import make_engine, session_factory
from service.store.schema import migrate
from tests.faults.conftest import FaultBench, wait_until
from tests.faults.postgres import Postgres, postgres_of_its_own

if TYPE_CHECKING:
    from service.store.tables import JobRow

pytestmark = pytest.mark.slow

LOCKED_SECONDS = 20.0
# Holds every writer out until its standard input ends.
_LOCK = """
import sys
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from service.store.engine import make_engine

def lock(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE jobs, events, blobs, workers IN EXCLUSIVE MODE"))
    print("locked", flush=True)
    sys.stdin.read()

engine = make_engine(sys.argv[1])
while True:
    try:
        with engine.begin() as connection:
            lock(connection)
    except OperationalError:
        # It takes one table after the other, and was the victim of a deadlock with who had them in another order.
        continue
    break
"""


def has_checkpoint(row: JobRow) -> bool:
    return row.checkpoint_sha256 is not None


def assert_unavailable(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/errors#store-unavailable"


@pytest.fixture
def restarted(postgres_server: str, tmp_path: Path) -> Iterator[tuple[FaultBench, Postgres]]:
    """A bench on a server of its own, and the server."""
    with postgres_of_its_own() as server:
        engine = make_engine(server.url)
        migrate(engine)
        bench = FaultBench(server.url, session_factory(engine), tmp_path)
        yield bench, server
        bench.close()
        engine.dispose()


@pytest.mark.parametrize("lease", ["1.5", "60"], ids=["longer than a lease", "shorter than a lease"])
def test_postgres_that_stops_as_by_a_power_cut_costs_no_job(restarted: tuple[FaultBench, Postgres], lease: str) -> None:
    bench, server = restarted
    _, client = bench.start_api()
    job_id = bench.submit_held(200, step_seconds=0.03)
    bench.start_held_worker(KAN_LEASE_SECONDS=lease)
    bench.wait_for(job_id, has_checkpoint)
    server.stop_at_once()
    stopped = time.monotonic()
    assert_unavailable(client.get(f"/v1/jobs/{job_id}"))
    assert_unavailable(client.post(f"/v1/jobs/{job_id}/cancel"))
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    wait_until(lambda: time.monotonic() - stopped > 2, "an end of the short lease")
    server.start()
    assert client.get(f"/v1/jobs/{job_id}").status_code == 200
    bench.assert_succeeded_once(job_id, 200)
    steps = [event.data["step"] for event in bench.events(job_id, "metric")]
    assert len(steps) == len(set(steps)) or bench.job(job_id).token > 1
    if lease == "60":
        assert bench.statuses(job_id) == ["queued", "running", "succeeded"]


def test_postgres_that_takes_no_writes_for_a_while_costs_no_job(restarted: tuple[FaultBench, Postgres]) -> None:
    bench, server = restarted
    _, client = bench.start_api()
    job_id = bench.submit_held(200, step_seconds=0.03)
    bench.start_held_worker()
    bench.wait_for(job_id, has_checkpoint)
    server.set_read_only(True)
    wait_until(lambda: bench.logged("database_away"), "a write that fails")
    assert_unavailable(client.post(f"/v1/jobs/{job_id}/pause"))
    assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "running"
    server.set_read_only(False)
    bench.assert_succeeded_once(job_id, 200)
    rows = client.post("/v1/datasets?name=rows", content=b"x,y\n1,2\n", headers={"Content-Type": "text/csv"})
    assert rows.status_code == 201


def test_database_that_somebody_locks_for_20_seconds_costs_no_job(bench: FaultBench, database_url: str) -> None:
    _, client = bench.start_api()
    job_id = bench.submit_held(200, step_seconds=0.03)
    other = bench.submit_held(4)
    bench.start_held_worker()
    bench.wait_for(job_id, has_checkpoint)
    command = [sys.executable, "-c", _LOCK, database_url]
    locker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    bench.processes.append(locker)
    assert locker.stdout is not None
    assert locker.stdout.readline() == b"locked\n"
    locked = time.monotonic()
    assert_unavailable(client.post(f"/v1/jobs/{other}/cancel"))
    assert time.monotonic() - locked < LOCKED_SECONDS, "the API waited for the lock instead of answering"
    assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "running"
    wait_until(lambda: time.monotonic() - locked > LOCKED_SECONDS, "20 seconds")
    locker.communicate()
    # The worker may have ended the one job and claimed the other as soon as the lock was gone.
    assert client.post(f"/v1/jobs/{other}/cancel").json()["status"] in ("cancelled", "cancelling")
    bench.wait_for(other, lambda row: row.status == "cancelled")
    bench.assert_succeeded_once(job_id, 200)
