"""SIGSTOP past the lease, in the middle of the transaction that keeps a checkpoint, then SIGCONT."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.faults.held_run import CHECKPOINT, SENT

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench


def test_worker_frozen_while_it_keeps_a_checkpoint_changes_nothing_when_it_wakes(bench: FaultBench) -> None:
    job_id = bench.submit_held(40, CHECKPOINT, stage_steps=20)
    sleeper = bench.start_held_worker(KAN_CHECKPOINT_SECONDS="600")
    bench.wait_here(CHECKPOINT)
    with bench.locked(job_id):
        bench.gates.let_go(CHECKPOINT)
        bench.wait_here(SENT)
        bench.wait_for_waiting_writer()
        sleeper.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
    # On Postgres the server gives the lock to the sleeper now: its transaction must not keep others out for ever.
    bench.start_held_worker(KAN_CHECKPOINT_SECONDS="600")
    bench.wait_for(job_id, lambda row: row.token == 2)
    sleeper.send_signal(signal.SIGCONT)
    bench.assert_succeeded_once(job_id, 40)
    assert bench.statuses(job_id) == ["queued", "running", "queued", "running", "succeeded"]
    kept = bench.events(job_id, "checkpoint")
    second = [event.seq for event in bench.events(job_id, "status") if event.data["status"] == "running"][1]
    assert [(event.data["step"], event.seq > second) for event in kept] == [(20, True), (40, True)]
    assert sleeper.poll() is None
