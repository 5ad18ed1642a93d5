"""Verbs over HTTP and SIGKILLs in a random order: every job takes legal steps only, and ends as it was asked to."""

from __future__ import annotations

import random
import subprocess
import threading
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from service.domain.states import STEPS, TERMINAL
from tests.faults.conftest import wait_until
from tests.faults.held_run import HURRY, Gates

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

JOBS, WORKERS, ACTIONS, SEED = 8, 2, 150, 20261125
# More than a job comes to while verbs rain; at the end it hurries.
STEPS_OF_RUN = 8000
LEGAL = {(source, target) for (_, source), target in STEPS.items()}


class Rain:
    """Random verbs and kills, from a seed."""

    def __init__(self, bench: FaultBench, client: httpx.Client, job_ids: list[str]) -> None:
        self._bench = bench
        self._client = client
        self._job_ids = job_ids
        self._random = random.Random(SEED)
        self._patience = threading.Event()
        self._workers = [bench.start_held_worker() for _ in range(WORKERS)]
        self.answers: list[tuple[str, int]] = []

    def fall(self) -> None:
        """Does one thing, and waits a little."""
        (action,) = self._random.choices(["pause", "resume", "cancel", "kill"], [8, 10, 1, 3])
        if action == "kill":
            self._kill(self._random.randrange(WORKERS))
        else:
            answer = self._client.post(f"/v1/jobs/{self._random.choice(self._job_ids)}/{action}")
            self.answers.append((action, answer.status_code))
        self._patience.wait(self._random.uniform(0.0, 0.3))

    def _kill(self, place: int) -> None:
        worker: subprocess.Popen[bytes] = self._workers[place]
        below = psutil.Process(worker.pid).children(recursive=True)
        if below and self._random.random() < 0.5:
            # The fork server too: a worker must be able to start another one.
            self._random.choice(below).kill()
            return
        worker.kill()
        worker.wait()
        self._workers[place] = self._bench.start_held_worker()


def test_jobs_end_as_they_were_asked_to_whatever_the_order(bench: FaultBench) -> None:
    _, client = bench.start_api()
    job_ids = [submit(bench, place) for place in range(JOBS)]
    rain = Rain(bench, client, job_ids)
    for _ in range(ACTIONS):
        rain.fall()
    assert {code for _, code in rain.answers} == {202, 409}
    for place, job_id in enumerate(job_ids):
        Gates(bench.folder / f"job{place}").let_go(HURRY)
        wait_until(partial(is_over, client, job_id), "an end of the job")
    ends = [assert_consistent(bench, job_id) for job_id in job_ids]
    assert set(ends) == {"succeeded", "cancelled"}


def submit(bench: FaultBench, place: int) -> str:
    folder = bench.folder / f"job{place}"
    folder.mkdir()
    return bench.submit(steps=STEPS_OF_RUN, step_seconds=0.05, folder=str(folder), max_attempts=100)


def is_over(client: httpx.Client, job_id: str) -> bool:
    """Takes a pause back, for as long as there is one."""
    client.post(f"/v1/jobs/{job_id}/resume")
    return bool(client.get(f"/v1/jobs/{job_id}").json()["terminal"])


def assert_consistent(bench: FaultBench, job_id: str) -> str:
    """Gives the state that a job ended in, once its log, its result and its versions agree."""
    steps = bench.statuses(job_id)
    assert steps[0] == "queued"
    assert set(pairwise(steps)) <= LEGAL
    assert [step in TERMINAL for step in steps] == [False] * (len(steps) - 1) + [True]
    if steps[-1] == "succeeded":
        bench.assert_succeeded_once(job_id, STEPS_OF_RUN)
    else:
        assert bench.versions(job_id) == []
        assert len(bench.events(job_id, "end")) == 1
    return steps[-1]
