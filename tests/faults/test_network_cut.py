"""Two workers on machines of their own with one Postgres; the link of the one that trains is cut and mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.engine import make_engine, session_factory
from service.store.schema import migrate
from tests.faults.conftest import FaultBench, free_port, wait_until
from tests.faults.networks import NETWORK, Machine, machines
from tests.faults.postgres import postgres_of_its_own

pytestmark = pytest.mark.slow

STEPS = 150


@pytest.fixture
def cut(postgres_server: str, tmp_path: Path) -> Iterator[tuple[FaultBench, list[Machine], str]]:
    """A bench, two machines, and the URL under which these reach the database."""
    with machines(2) as (address, others), postgres_of_its_own(address, free_port(), NETWORK) as server:
        engine = make_engine(server.url)
        migrate(engine)
        bench = FaultBench(server.url, session_factory(engine), tmp_path)
        yield bench, others, server.url_at(address)
        bench.close()
        engine.dispose()


def test_job_goes_on_elsewhere_and_the_worker_that_was_cut_off_comes_back(
    cut: tuple[FaultBench, list[Machine], str],
) -> None:
    bench, (near, far), url = cut
    job_id = bench.submit_held(STEPS, step_seconds=0.03)
    first = bench.start_held_worker(near.prefix, KAN_DATABASE_URL=url)
    lost = str(bench.wait_for(job_id, lambda row: row.checkpoint_sha256 is not None).worker_id)
    second = bench.start_held_worker(far.prefix, KAN_DATABASE_URL=url)
    near.cut()
    other = str(bench.wait_for(job_id, lambda row: row.token == 2).worker_id)
    bench.assert_succeeded_once(job_id, STEPS)
    claims = [event.data["worker"] for event in bench.events(job_id, "status") if event.data["status"] == "running"]
    assert claims == [lost, other]
    written = len(bench.events(job_id))
    near.mend()
    wait_until(lambda: bench.logged("lease_lost", worker_id=lost), "a refused write")
    assert len(bench.events(job_id)) == written
    second.terminate()
    assert second.wait(30) == 0
    again = bench.submit_held(4)
    bench.assert_succeeded_once(again, 4)
    claims = [event.data.get("worker") for event in bench.events(again, "status")]
    assert lost in claims
    assert first.poll() is None
