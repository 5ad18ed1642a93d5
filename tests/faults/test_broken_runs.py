"""Training processes that break by themselves: a segfault ends the attempt with a reason, never the worker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

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
