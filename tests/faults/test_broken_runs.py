"""Training processes that break by themselves, or that cannot be started: never the end of the worker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil

from tests.faults.held_run import FIRST_STEP

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench


def test_segfault_ends_the_attempt_with_its_reason_and_the_job_goes_on(bench: FaultBench) -> None:
    job_id = bench.submit_held(12, stage_steps=4, signal=int(signal.SIGSEGV), signal_at=6)
    other = bench.submit_held(4)
    worker = bench.start_held_worker()
    bench.assert_succeeded_once(job_id, 12)
    bench.assert_succeeded_once(other, 4)
    assert "killed by signal 11" in bench.events(job_id, "warning")[0].data["message"]
    assert worker.poll() is None


def test_worker_whose_fork_server_is_killed_starts_another(bench: FaultBench) -> None:
    first = bench.submit_held(12, FIRST_STEP)
    second = bench.submit_held(12)
    worker = bench.start_held_worker()
    bench.wait_here(FIRST_STEP)
    for child in psutil.Process(worker.pid).children():
        child.kill()
    bench.gates.let_go(FIRST_STEP)
    bench.assert_succeeded_once(first, 12)
    bench.assert_succeeded_once(second, 12)
    assert worker.poll() is None
