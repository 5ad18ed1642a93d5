"""Two hundred open streams of a job that runs: each gets every event once, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.faults.conftest import DEADLINE_SECONDS
from tests.faults.held_run import FIRST_STEP

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

pytestmark = pytest.mark.slow

STREAMS, STEPS = 200, 300
STREAM = {"Accept": "text/event-stream"}


async def follow(client: httpx.AsyncClient, job_id: str, opened: asyncio.Semaphore) -> list[int]:
    """Gives the numbers of all events up to the end of the stream."""
    numbers = []
    async with client.stream("GET", f"/v1/jobs/{job_id}/events", headers=STREAM) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                numbers.append(int(line.removeprefix("id: ")))
                if len(numbers) == 1:
                    opened.release()
    return numbers


async def ask_meanwhile(client: httpx.AsyncClient, job_id: str, until: asyncio.Future[list[list[int]]]) -> int:
    """Reads and writes until the streams have ended; gives how often both were answered."""
    count = 0
    while not until.done():
        job = await client.get(f"/v1/jobs/{job_id}")
        patch = {"labels": {"count": str(count)}}
        patched = await client.patch(f"/v1/jobs/{job_id}", json=patch, headers={"If-Match": job.headers["ETag"]})
        assert (job.status_code, patched.status_code) == (200, 200)
        count += 1
    return count


async def follow_all(bench: FaultBench, url: str, job_id: str, other: str) -> tuple[list[list[int]], int]:
    limits = httpx.Limits(max_connections=STREAMS + 1, max_keepalive_connections=1)
    async with httpx.AsyncClient(base_url=url, timeout=DEADLINE_SECONDS, limits=limits) as client:
        opened = asyncio.Semaphore(0)
        streams = asyncio.gather(*(follow(client, job_id, opened) for _ in range(STREAMS)))
        for _ in range(STREAMS):
            await asyncio.wait_for(opened.acquire(), DEADLINE_SECONDS)
        bench.gates.let_go(FIRST_STEP)
        answered = await ask_meanwhile(client, other, streams)
        return await streams, answered


def test_two_hundred_streams_of_a_running_job_get_every_event_once(bench: FaultBench) -> None:
    _, client = bench.start_api()
    other = bench.submit_held(STEPS)
    job_id = bench.submit_held(STEPS, FIRST_STEP, step_seconds=0.03)
    assert client.post(f"/v1/jobs/{other}/pause").json()["status"] == "paused"
    bench.start_held_worker()
    bench.wait_here(FIRST_STEP)
    found, answered = asyncio.run(follow_all(bench, str(client.base_url), job_id, other))
    bench.assert_succeeded_once(job_id, STEPS)
    log = [event.seq for event in bench.events(job_id)]
    assert log == list(range(1, len(log) + 1))
    assert len(log) > STEPS // 2
    assert found == [log] * STREAMS
    assert answered > 10
