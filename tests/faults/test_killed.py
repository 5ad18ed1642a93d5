"""SIGKILL at each phase of a job: of its worker, of its training process, of the API, of all at once."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import is_running, wait_until
from tests.faults.held_run import CHECKPOINT, CLAIMED, FIRST_STEP, RESULT, SENT

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

# The worker has the checkpoint, or the result, and is in the transaction that writes it down.
RECORDING, FINISHING = "recording", "finishing"
PHASES = [CLAIMED, FIRST_STEP, CHECKPOINT, RECORDING, FINISHING]
STEPS = 12
# Checkpoints at the ends of stages only, so that each phase comes at a known step.
NO_TIMER = {"KAN_CHECKPOINT_SECONDS": "600"}

Kill = Callable[[subprocess.Popen[bytes], str], None]


def submit(bench: FaultBench, phase: str) -> str:
    held = {RECORDING: (CHECKPOINT, RESULT), FINISHING: (RESULT,)}.get(phase, (phase,))
    return bench.submit_held(STEPS, *held, stage_steps=4)


@contextmanager
def at_phase(bench: FaultBench, job_id: str, phase: str) -> Iterator[str]:
    """Holds the job at a phase; gives the gate that its training process came by last, and opens all at the end."""
    held = {RECORDING: CHECKPOINT, FINISHING: RESULT}.get(phase, phase)
    bench.wait_here(held)
    if held == phase:
        yield held
    else:
        if phase == FINISHING:
            wait_until(lambda: checkpoints(bench, job_id) == [4, 8, 12], "all checkpoints")
        with bench.locked(job_id):
            bench.gates.let_go(held)
            if phase == RECORDING:
                bench.wait_here(SENT)
            else:
                # It ends when it has sent its result.
                training = bench.gates.pid(held)
                wait_until(lambda: not is_running(training), "the end of the training process")
            bench.wait_for_waiting_writer()
            yield held
    for gate in (held, RESULT):
        bench.gates.let_go(gate)


def checkpoints(bench: FaultBench, job_id: str) -> list[int]:
    return [event.data["step"] for event in bench.events(job_id, "checkpoint")]


@pytest.mark.parametrize("phase", PHASES)
def test_killed_worker_costs_no_job(bench: FaultBench, phase: str) -> None:
    job_id = submit(bench, phase)
    worker = bench.start_held_worker(**NO_TIMER)
    with at_phase(bench, job_id, phase) as gate:
        bench.kill(worker, gate)
    assert checkpoints(bench, job_id) == ([4, 8, 12] if phase == FINISHING else [])
    bench.start_held_worker(**NO_TIMER)
    bench.assert_succeeded_once(job_id, STEPS)
    assert bench.statuses(job_id) == ["queued", "running", "queued", "running", "succeeded"]


@pytest.mark.parametrize("phase", PHASES)
def test_killed_training_process_costs_no_job(bench: FaultBench, phase: str) -> None:
    job_id = submit(bench, phase)
    worker = bench.start_held_worker(**NO_TIMER)
    with at_phase(bench, job_id, phase) as gate:
        bench.kill_training(worker, gate)
    bench.assert_succeeded_once(job_id, STEPS)
    assert worker.poll() is None
    if phase not in (RECORDING, FINISHING):
        assert "killed by signal 9" in bench.events(job_id, "warning")[0].data["message"]


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_killed_api_costs_no_job(bench: FaultBench, phase: str) -> None:
    api, client = bench.start_api()
    job_id = submit(bench, phase)
    bench.start_held_worker(**NO_TIMER, KAN_LEASE_SECONDS="60")
    with at_phase(bench, job_id, phase):
        assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "running"
        api.kill()
        api.wait()
    bench.assert_succeeded_once(job_id, STEPS)
    assert bench.statuses(job_id) == ["queued", "running", "succeeded"]
    _, again = bench.start_api()
    assert again.get(f"/v1/jobs/{job_id}").json()["status"] == "succeeded"


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_all_killed_at_once_cost_no_job(bench: FaultBench, phase: str) -> None:
    api, _ = bench.start_api()
    job_id = submit(bench, phase)
    worker = bench.start_held_worker(**NO_TIMER)
    with at_phase(bench, job_id, phase) as gate:
        training = bench.gates.pid(gate)
        # A worker leads a group of its own: its training process and what starts it are in it.
        for process in (api, worker):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        wait_until(lambda: not is_running(training), "the end of the training process")
    _, again = bench.start_api()
    assert again.get(f"/v1/jobs/{job_id}").json()["status"] == "running"
    bench.start_held_worker(**NO_TIMER)
    bench.assert_succeeded_once(job_id, STEPS)
    assert again.get(f"/v1/jobs/{job_id}").json()["status"] == "succeeded"
