"""SIGTERM to every process at once, as a service manager sends it: the job is handed over all the same."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.service.worker.test_loop import assert_succeeded_once

if TYPE_CHECKING:
    from tests.service.worker.conftest import Bench


@pytest.mark.parametrize("is_supervised", [False, True])
def test_signal_to_all_processes_hands_the_job_over_with_a_fresh_checkpoint(bench: Bench, is_supervised: bool) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.03)
    options = ("--supervised", str(os.getpid())) if is_supervised else ()
    worker = bench.start_worker(options=options, KAN_CHECKPOINT_SECONDS="600", KAN_LEASE_SECONDS="600")
    bench.wait_for(job_id, lambda row: bool(row.progress and row.progress["step"] > 5))
    children = psutil.Process(worker.pid).children(recursive=True)
    # A worker leads a group of its own: its fork server and its training process are in it.
    os.killpg(worker.pid, signal.SIGTERM)
    if is_supervised:
        # What its supervisor says too, which was asked to stop at the same time.
        worker.terminate()
    assert worker.wait(timeout=20) == 0
    row = bench.job(job_id)
    assert (row.status, row.attempt, row.worker_id) == ("queued", 0, None)
    assert row.checkpoint_info is not None
    assert row.checkpoint_info["step"] > 5
    assert bench.events(job_id, "warning") == []
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    bench.start_worker()
    assert_succeeded_once(bench, job_id, 60)
