"""A disk is full while a job trains: nothing is lost, and it goes on when there is room again."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from service.store.engine import make_engine, session_factory
from service.store.schema import migrate
from tests.faults.conftest import DEADLINE_SECONDS, FaultBench, wait_until
from tests.faults.disks import SmallDisk, mounted_disk
from tests.faults.held_run import CHECKPOINT

pytestmark = pytest.mark.slow

STEPS = 30
# Larger than what a file that the database has already may still take.
CHECKPOINT_BYTES = 6 * 2**20


@contextmanager
def postgres_on(server: str, disk: SmallDisk) -> Iterator[str]:
    """Gives a database whose tables are on the disk; the server's own log of changes is elsewhere."""
    name = f"full_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        owner = os.stat(str(connection.execute(text("SHOW data_directory")).scalar_one()))
        os.chown(disk.folder, owner.st_uid, owner.st_gid)
        connection.execute(text(f"CREATE TABLESPACE {name} LOCATION '{disk.folder}'"))
        connection.execute(text(f"CREATE DATABASE {name} TABLESPACE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        disk.make_room()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP TABLESPACE {name}"))
    engine.dispose()


@contextmanager
def sqlite_on(disk: SmallDisk) -> Iterator[str]:
    yield f"sqlite:///{disk.folder}/kan.sqlite3"
    disk.make_room()


@pytest.fixture(params=["sqlite", "postgres"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FaultBench, SmallDisk]]:
    """A bench whose database is on a small disk, and the disk."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else ""
    with mounted_disk() as disk, postgres_on(server, disk) if server else sqlite_on(disk) as url:
        engine = make_engine(url)
        migrate(engine)
        bench = FaultBench(url, session_factory(engine), tmp_path)
        yield bench, disk
        bench.close()
        engine.dispose()


def fill_during_checkpoint(full: tuple[FaultBench, SmallDisk], **settings: str) -> str:
    """Gives a job that is about to write a checkpoint to a disk that has just become full."""
    bench, disk = full
    job_id = bench.submit_held(STEPS, CHECKPOINT, stage_steps=10, checkpoint_bytes=CHECKPOINT_BYTES)
    bench.start_held_worker(KAN_CHECKPOINT_SECONDS="600", **settings)
    bench.wait_here(CHECKPOINT)
    disk.fill()
    bench.gates.let_go(CHECKPOINT)
    return job_id


def test_full_disk_holds_a_job_up_until_there_is_room(full: tuple[FaultBench, SmallDisk]) -> None:
    bench, disk = full
    job_id = fill_during_checkpoint(full)
    wait_until(lambda: len(bench.logged("database_away")) >= 3, "writes that fail")
    assert bench.events(job_id, "checkpoint") == []
    disk.make_room()
    bench.assert_succeeded_once(job_id, STEPS)


def test_disk_that_stays_full_costs_no_attempts(full: tuple[FaultBench, SmallDisk]) -> None:
    bench, disk = full
    job_id = fill_during_checkpoint(full, KAN_DATABASE_RETRY_SECONDS="0.2")
    # More often than a job may fail.
    wait_until(lambda: len(bench.logged("database_trouble")) >= 5, "attempts that end", DEADLINE_SECONDS)
    assert bench.job(job_id).finished_at is None
    disk.make_room()
    bench.assert_succeeded_once(job_id, STEPS)


@pytest.mark.parametrize("size", [8, 2**20], ids=["small table", "large table"])
def test_worker_without_room_for_its_temporary_files_costs_no_job(bench: FaultBench, size: int) -> None:
    with mounted_disk() as disk:
        first = bench.submit(steps=4)
        bench.start_worker(TMPDIR=str(disk.folder))
        assert bench.wait_for_end(first, DEADLINE_SECONDS).status == "succeeded"
        disk.fill()
        job_id = bench.submit(rows=b"x" * size, steps=4)
        # More often than a job may fail.
        wait_until(lambda: len(bench.logged("machine_trouble", job_id=job_id)) >= 5, "attempts that end")
        assert bench.job(job_id).finished_at is None
        disk.make_room()
        assert bench.wait_for_end(job_id, DEADLINE_SECONDS).status == "succeeded"
        assert len(bench.versions(job_id)) == 1
        assert bench.events(job_id, "warning") == []


def test_api_answers_503_while_the_disk_is_full(full: tuple[FaultBench, SmallDisk]) -> None:
    bench, disk = full
    _, client = bench.start_api()
    rows = b"x,y\n" + b"".join(b"%d,%d\n" % (n * 7919, n * 104729) for n in range(200_000))
    disk.fill()
    answer = client.post("/v1/datasets?name=rows", content=rows, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["type"] == "/errors#store-unavailable"
    disk.make_room()
    answer = client.post("/v1/datasets?name=rows", content=rows, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201
