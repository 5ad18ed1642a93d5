"""The API is killed again and again while clients submit: what was accepted is there, and only once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from service.store.tables import EventRow, JobRow
from tests.faults.conftest import DEADLINE_SECONDS, free_port, wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

pytestmark = pytest.mark.slow

CLIENTS, JOBS_EACH, KILLS, SEED = 4, 60, 5, 20261125
ROWS = "x1,x2,y\n" + "".join(f"{i / 100},{i % 7},{i / 50 + i % 7}\n" for i in range(60))


class Submitter:
    """A client that repeats each request with its key until the answer says that the job is accepted."""

    def __init__(self, url: str, spec: dict[str, Any], accepted: dict[str, str]) -> None:
        self._url = url
        self._spec = spec
        self._accepted = accepted

    def submit_all(self, name: str) -> None:
        with httpx.Client(base_url=self._url, timeout=DEADLINE_SECONDS) as client:
            for place in range(JOBS_EACH):
                key = f"{name}-{place}"
                wait_until(partial(self._is_accepted, client, key), f"a 202 for {key}")

    def _is_accepted(self, client: httpx.Client, key: str) -> bool:
        try:
            answer = client.post("/v1/jobs", json=self._spec, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return False
        assert answer.status_code in (202, 409, 503), answer.text
        if answer.status_code == 202:
            self._accepted[key] = answer.json()["id"]
        return answer.status_code == 202


def test_accepted_jobs_are_there_and_repeated_ones_once(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    port = free_port()
    api, client = bench.start_api(port)
    created = client.post("/v1/datasets?name=toy", content=ROWS, headers={"Content-Type": "text/csv"}).json()
    spec = {"kind": "train", "dataset": created["id"], "targets": ["y"], "preset": "quick"}
    accepted: dict[str, str] = {}
    submitter = Submitter(f"http://127.0.0.1:{port}", spec, accepted)
    chance, patience = random.Random(SEED), threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = [pool.submit(submitter.submit_all, f"client{number}") for number in range(CLIENTS)]
        for kill in range(1, KILLS + 1):
            wait_until(has_at_least(accepted, kill * CLIENTS * JOBS_EACH // (KILLS + 1)), "more jobs")
            patience.wait(chance.uniform(0.0, 0.05))
            api.kill()
            api.wait()
            api, _ = bench.start_api(port)
        for future in done:
            future.result()
    assert len(set(accepted.values())) == len(accepted) == CLIENTS * JOBS_EACH
    with sessions() as session:
        assert set(session.scalars(select(JobRow.id))) == set(accepted.values())
        logged = session.execute(select(EventRow.job_id, EventRow.data).where(EventRow.type == "status")).all()
    assert sorted(job_id for job_id, _ in logged) == sorted(set(accepted.values()))


def has_at_least(accepted: dict[str, str], count: int) -> Callable[[], bool]:
    return lambda: len(accepted) >= count
