"""Jobs that are never lost: real worker processes, killed, frozen and stopped."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.domain.job_verbs import cancel_job
from service.store.tables import WorkerRow
from service.store.workers import drop_worker

if TYPE_CHECKING:
    from tests.service.worker.conftest import Bench


def digest_after(steps: int) -> str:
    """Where FakeRun's chain of hashes is after some steps, computed without it."""
    digest = hashlib.sha256(b"the rows").hexdigest()
    for _ in range(steps):
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest


def expected_model(steps: int) -> str:
    """The hash of the model that FakeRun publishes."""
    return hashlib.sha256(digest_after(steps).encode()).hexdigest()


def assert_succeeded_once(bench: Bench, job_id: str, steps: int) -> None:
    row = bench.wait_for_end(job_id)
    assert (row.status, row.error) == ("succeeded", None)
    versions = bench.versions(job_id)
    assert [version.blob_sha256 for version in versions] == [expected_model(steps)]
    assert [event.data["status"] for event in bench.events(job_id, "end")] == ["succeeded"]
    assert row.result is not None
    assert row.result["version"] == versions[0].version


def test_job_runs_to_its_result_with_log_and_progress(bench: Bench) -> None:
    job_id = bench.submit(steps=20, step_seconds=0.02, stage_steps=10)
    bench.start_worker()
    assert_succeeded_once(bench, job_id, 20)
    row = bench.job(job_id)
    assert bench.statuses(job_id) == ["queued", "running", "succeeded"]
    assert row.progress == {"step": 20, "steps": 20, "fraction": 1.0}
    assert [event.data["step"] for event in bench.events(job_id, "checkpoint")][-1] == 20
    assert row.checkpoint_sha256 is None
    assert row.result is not None
    assert row.result["metrics"]["train"] == {"rmse": 0.5, "not_finite": None}
    numbers = [event.seq for event in bench.events(job_id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == row.event_seq


def test_idle_worker_is_told_of_a_job_and_of_the_moment_when_one_may_go_on(bench: Bench) -> None:
    # By looking alone it would find either after a minute.
    bench.start_worker(KAN_POLL_SECONDS="60", KAN_RESCUE_SECONDS="600", KAN_BACKOFF_SECONDS="0.5")
    first = bench.submit(steps=5)
    assert_succeeded_once(bench, first, 5)
    dying = bench.submit(steps=5, kill_at=2, max_attempts=2)
    row = bench.wait_for_end(dying)
    assert (row.reason, row.token) == ("max_attempts_exceeded", 2)


def test_killed_worker_is_replaced_and_result_is_bit_equal(bench: Bench) -> None:
    job_id = bench.submit(steps=80, step_seconds=0.03)
    first = bench.start_worker()
    bench.wait_for(job_id, lambda row: row.checkpoint_sha256 is not None)
    children = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.wait()
    bench.start_worker()
    assert_succeeded_once(bench, job_id, 80)
    assert bench.statuses(job_id) == ["queued", "running", "queued", "running", "succeeded"]
    assert bench.job(job_id).token == 2
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == [], "the training process outlived its worker"


def test_each_stage_of_a_job_whose_worker_was_killed_leaves_its_network_once(bench: Bench) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.02, stage_steps=20)
    first = bench.start_worker()
    bench.wait_for(job_id, lambda row: bool(row.checkpoint_info and row.checkpoint_info["step"] > 20))
    first.kill()
    bench.start_worker()
    bench.wait_for_end(job_id)
    kept = [each for each in bench.checkpoints(job_id) if each.blob_sha256]
    assert [(each.stage, each.step) for each in kept if each.stage_ended] == [(1, 20), (2, 40), (3, 60)]
    assert kept[0].number == 1
    assert kept[-1].blob_sha256 == expected_model(60)


def test_folder_of_bytes_that_is_away_for_a_while_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    folder, away = tmp_path / "blobs", tmp_path / "away"
    job_id = bench.submit(steps=60, step_seconds=0.02, stage_steps=20)
    bench.start_worker(KAN_BLOBS=folder.as_uri())
    bench.wait_for(job_id, lambda row: row.checkpoint_sha256 is not None)
    folder.rename(away)
    bench.wait_for_log("BlobsUnavailable")
    away.rename(folder)
    assert_succeeded_once(bench, job_id, 60)
    model = folder / expected_model(60)[:2] / expected_model(60)
    assert hashlib.sha256(model.read_bytes()).hexdigest() == expected_model(60)


def test_killed_training_process_is_started_again_by_same_worker(bench: Bench) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.02, kill_at=30, alive=30)
    bench.start_worker()
    assert_succeeded_once(bench, job_id, 60)
    assert "killed by signal 9" in bench.events(job_id, "warning")[0].data["message"]


def test_training_process_that_always_dies_fails_after_three_attempts_and_queue_goes_on(bench: Bench) -> None:
    poisoned = bench.submit(steps=5, kill_at=0)
    healthy = bench.submit(steps=5)
    bench.start_worker()
    row = bench.wait_for_end(poisoned)
    assert (row.status, row.reason, row.attempt) == ("failed", "max_attempts_exceeded", 3)
    assert_succeeded_once(bench, healthy, 5)


def test_defect_in_training_fails_at_once_without_telling_data(bench: Bench) -> None:
    job_id = bench.submit(steps=5, **{"raise": True})
    bench.start_worker()
    row = bench.wait_for_end(job_id)
    assert (row.status, row.reason, row.attempt) == ("failed", "internal", 1)
    assert row.error is not None
    assert "a defect" not in row.error["message"]


def test_frozen_worker_that_wakes_after_its_lease_writes_nothing(bench: Bench) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.03)
    sleeper = bench.start_worker()
    bench.wait_for(job_id, lambda row: row.checkpoint_sha256 is not None)
    # Its training process goes on and fills the pipe: what the worker reads on waking is all stale.
    bench.freeze(sleeper, job_id)
    bench.start_worker()
    bench.wait_for(job_id, lambda row: row.token == 2)
    sleeper.send_signal(signal.SIGCONT)
    assert_succeeded_once(bench, job_id, 60)
    assert bench.statuses(job_id).count("running") == 2
    steps = [event.data["step"] for event in bench.events(job_id, "metric")]
    jumps_back = sum(later <= earlier for earlier, later in pairwise(steps))
    assert jumps_back <= 1, "a stale event came between those of the new attempt"


def test_cancel_stops_running_job(bench: Bench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit(steps=100000, step_seconds=0.02)
    bench.start_worker()
    bench.wait_for(job_id, lambda row: row.progress is not None)
    with sessions() as session:
        assert cancel_job(session, job_id).row.status == "cancelling"
        assert cancel_job(session, job_id).row.status in ("cancelling", "cancelled")
    # Two seconds are promised; the deadline is for a busy machine, the job itself would go on for half an hour.
    row = bench.wait_for_end(job_id, 20)
    assert (row.status, row.reason) == ("cancelled", "user_cancelled")
    assert bench.versions(job_id) == []


def test_stopped_worker_hands_job_over_with_checkpoint_at_once(bench: Bench) -> None:
    job_id = bench.submit(steps=60, step_seconds=0.03)
    first = bench.start_worker(KAN_CHECKPOINT_SECONDS="600", KAN_LEASE_SECONDS="600")
    bench.wait_for(job_id, lambda row: bool(row.progress and row.progress["step"] > 5))
    first.terminate()
    assert first.wait(timeout=10) == 0
    row = bench.job(job_id)
    assert (row.status, row.attempt, row.worker_id) == ("queued", 0, None)
    assert row.checkpoint_info is not None
    assert row.checkpoint_info["step"] > 5
    bench.start_worker()
    assert_succeeded_once(bench, job_id, 60)


def test_stopped_worker_whose_step_hangs_hands_job_over_in_time(bench: Bench) -> None:
    job_id = bench.submit(steps=60, hang_at=3)
    worker = bench.start_worker(KAN_SHUTDOWN_SECONDS="0.5")
    bench.wait_for(job_id, lambda row: bool(row.progress))
    worker.terminate()
    assert worker.wait(timeout=10) == 0
    assert bench.job(job_id).status == "queued"


def test_second_signal_ends_the_worker_and_its_training_at_once(bench: Bench) -> None:
    job_id = bench.submit(steps=60, hang_at=3)
    worker = bench.start_worker(KAN_SHUTDOWN_SECONDS="600", KAN_LEASE_SECONDS="600")
    bench.wait_for(job_id, lambda row: bool(row.progress))
    children = psutil.Process(worker.pid).children(recursive=True)
    worker.terminate()
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=10) == 1
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert bench.job(job_id).status == "running"


def test_silent_training_process_ends_its_attempt(bench: Bench) -> None:
    job_id = bench.submit(steps=60, hang_at=3, max_attempts=1)
    bench.start_worker(KAN_STALL_SECONDS="1")
    row = bench.wait_for_end(job_id)
    assert (row.status, row.reason) == ("failed", "max_attempts_exceeded")
    assert "no sign of life" in str(row.error)


def test_training_that_takes_too_much_memory_fails_with_the_limit_and_queue_goes_on(bench: Bench) -> None:
    hungry = bench.submit(steps=1000, step_seconds=0.02, eat=10_000_000)
    healthy = bench.submit(steps=5)
    worker = bench.start_worker(KAN_JOB_MEMORY_BYTES="300000000")
    row = bench.wait_for_end(hungry)
    assert (row.status, row.reason, row.token) == ("failed", "out_of_memory", 1)
    assert "300,000,000 bytes of memory of KAN_JOB_MEMORY_BYTES" in str(row.error)
    assert_succeeded_once(bench, healthy, 5)
    assert worker.poll() is None


@pytest.mark.parametrize(("has_best", "status"), [(True, "succeeded"), (False, "failed")])
def test_run_time_limit_publishes_best_or_fails(bench: Bench, has_best: bool, status: str) -> None:
    job_id = bench.submit(steps=100000, step_seconds=0.02, has_best=has_best, max_runtime_s=1)
    bench.start_worker()
    row = bench.wait_for_end(job_id)
    assert (row.status, row.reason) == (status, "max_runtime")
    assert len(bench.versions(job_id)) == int(has_best)


def test_two_workers_run_forty_jobs_once_each(bench: Bench) -> None:
    job_ids = [bench.submit(steps=1) for _ in range(40)]
    # A lease that outlives any pause of a loaded machine: here nobody may be rescued.
    bench.start_worker(KAN_LEASE_SECONDS="60")
    bench.start_worker(KAN_LEASE_SECONDS="60")
    for job_id in job_ids:
        bench.wait_for_end(job_id, 90)
    for job_id in job_ids:
        log = [(event.type, event.data) for event in bench.events(job_id)]
        assert bench.statuses(job_id) == ["queued", "running", "succeeded"], log
        assert len(bench.versions(job_id)) == 1
    assert len({bench.versions(job_id)[0].version for job_id in job_ids}) == 40


def test_worker_that_was_forgotten_signs_on_again(bench: Bench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit(steps=100000, step_seconds=0.02)
    process = bench.start_worker()
    worker_id = str(bench.wait_for(job_id, lambda row: row.progress is not None).worker_id)
    with sessions() as session:
        drop_worker(session, worker_id)
        session.commit()
    found = None
    deadline = time.monotonic() + 10
    while found is None:
        assert time.monotonic() < deadline, "not seen again"
        with sessions() as session:
            found = session.get(WorkerRow, worker_id)
    assert (found.pid, found.job_id) == (process.pid, job_id)


def test_two_devices_run_a_job_each_at_the_same_time(bench: Bench, sessions: sessionmaker[Session]) -> None:
    # The run is a fake: nothing here touches a GPU.
    job_ids = [bench.submit(steps=100000, step_seconds=0.02) for _ in range(2)]
    for device in ("cuda:0", "cuda:1"):
        bench.start_worker(device)
    rows = [bench.wait_for(job_id, lambda row: row.progress is not None) for job_id in job_ids]
    assert sorted(str(row.device) for row in rows) == ["cuda:0", "cuda:1"]
    with sessions() as session:
        shown = {worker.job_id: worker.device for worker in session.query(WorkerRow)}
    assert shown == {row.id: row.device for row in rows}


def test_torch_and_kernels_are_loaded_by_the_waiting_process_and_never_by_the_worker(bench: Bench) -> None:
    job_id = bench.submit(steps=40, step_seconds=0.03)
    worker = bench.start_worker(run_class=None)
    # The fake job is none that can be trained; it ends when the processes are ready.
    assert bench.wait_for_end(job_id, 240).status == "failed"
    assert not any(name.startswith(("libtorch", "libllvmlite")) for name in loaded_by(worker.pid))
    children = psutil.Process(worker.pid).children(recursive=True)
    waiting = [loaded_by(child.pid) for child in children if child.ppid() != worker.pid]
    assert waiting
    assert all({"libtorch_cpu.so", "libllvmlite.so"} <= names for names in waiting)


def loaded_by(pid: int) -> set[str]:
    return {os.path.basename(found.path) for found in psutil.Process(pid).memory_maps()}
