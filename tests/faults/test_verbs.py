"""Cancel, pause and resume in every state of a job that a real worker runs; a killed worker leaves the verb done."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.domain.errors import IllegalJobStep
from service.domain.job_verbs import cancel_job, pause_job, resume_job
from service.domain.jobs import JobView
from tests.faults.conftest import DEADLINE_SECONDS
from tests.faults.held_run import FIRST_STEP, HURRY

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

VERBS: dict[str, Callable[[Session, str], JobView]] = {"cancel": cancel_job, "pause": pause_job, "resume": resume_job}
# A frozen worker keeps its job here.
LONG_LEASE = {"KAN_LEASE_SECONDS": "120"}
STEPS_OF_RUN = 12
# So long that a pause is heard before the end.
STEPS_OF_LONG_RUN = 1000


class Caller:
    """Somebody who asks one job for steps, and notes what it is answered."""

    def __init__(self, sessions: sessionmaker[Session], job_id: str) -> None:
        self._sessions = sessions
        self._job_id = job_id

    def ask(self, *verbs: str) -> list[str]:
        """Gives the state after each verb, "refused" where it is not legal."""
        return [self._ask(verb) for verb in verbs]

    def _ask(self, verb: str) -> str:
        with self._sessions() as session:
            try:
                return VERBS[verb](session, self._job_id).row.status
            except IllegalJobStep:
                return "refused"


@contextmanager
def frozen_at_first_step(bench: FaultBench, job_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a worker and freezes it while it runs the job: whatever is asked for, nothing happens until it wakes."""
    worker = bench.start_held_worker(**LONG_LEASE)
    bench.wait_here(FIRST_STEP)
    bench.wait_for(job_id, lambda row: row.status == "running")
    bench.freeze(worker, job_id)
    yield worker
    worker.send_signal(signal.SIGCONT)
    bench.gates.let_go(FIRST_STEP)


def assert_ended_for_good(caller: Caller) -> None:
    assert caller.ask("cancel", "pause", "resume") == ["refused", "refused", "refused"]


def test_verbs_while_the_job_waits_and_after_its_cancel(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit_held(STEPS_OF_RUN)
    caller = Caller(sessions, job_id)
    assert caller.ask("resume", "pause", "pause", "resume") == ["queued", "paused", "paused", "queued"]
    assert caller.ask("pause") == ["paused"]
    other = bench.submit_held(STEPS_OF_RUN)
    bench.start_held_worker()
    bench.assert_succeeded_once(other, STEPS_OF_RUN)
    assert bench.job(job_id).status == "paused", "a worker took a job that rests"
    assert caller.ask("cancel", "cancel", "pause", "resume") == ["cancelled", "cancelled", "refused", "refused"]


def test_verbs_while_the_job_runs_pauses_and_rests(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit_held(STEPS_OF_LONG_RUN, FIRST_STEP, step_seconds=0.02)
    caller = Caller(sessions, job_id)
    with frozen_at_first_step(bench, job_id):
        assert caller.ask("resume", "pause", "pause", "resume") == ["running", "pausing", "pausing", "running"]
        assert caller.ask("pause") == ["pausing"]
    row = bench.wait_for(job_id, lambda row: row.status == "paused", DEADLINE_SECONDS)
    assert (row.worker_id, row.attempt) == (None, 0)
    assert row.checkpoint_sha256 is not None
    bench.gates.let_go(HURRY)
    assert caller.ask("pause") == ["paused"]
    # The worker may have it again before anybody looks.
    assert caller.ask("resume") in (["queued"], ["running"])
    bench.assert_succeeded_once(job_id, STEPS_OF_LONG_RUN)
    assert_ended_for_good(caller)


def test_verbs_while_the_job_is_cancelled(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit_held(STEPS_OF_RUN, FIRST_STEP)
    caller = Caller(sessions, job_id)
    with frozen_at_first_step(bench, job_id) as worker:
        assert caller.ask("pause", "cancel", "cancel") == ["pausing", "cancelling", "cancelling"]
        assert caller.ask("pause", "resume") == ["refused", "refused"]
    row = bench.wait_for_end(job_id, DEADLINE_SECONDS)
    assert (row.status, row.reason) == ("cancelled", "user_cancelled")
    assert bench.versions(job_id) == []
    assert worker.poll() is None


@pytest.mark.parametrize(("asked", "ends"), [("pause", "paused"), ("cancel", "cancelled")])
def test_worker_killed_before_it_hears_a_verb_leaves_it_done(
    bench: FaultBench, sessions: sessionmaker[Session], asked: str, ends: str
) -> None:
    job_id = bench.submit_held(STEPS_OF_RUN, FIRST_STEP)
    caller = Caller(sessions, job_id)
    worker = bench.start_held_worker()
    bench.wait_here(FIRST_STEP)
    with bench.locked(job_id):
        worker.kill()
        worker.wait()
    caller.ask(asked)
    bench.gates.let_go(FIRST_STEP)
    bench.start_held_worker()
    bench.wait_for(job_id, lambda row: row.status == ends, DEADLINE_SECONDS)
    if ends == "paused":
        assert caller.ask("resume") == ["queued"]
        bench.assert_succeeded_once(job_id, STEPS_OF_RUN)


def test_failed_job_takes_no_verb(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    job_id = bench.submit_held(STEPS_OF_RUN, **{"raise": True})
    bench.start_held_worker()
    assert bench.wait_for_end(job_id, DEADLINE_SECONDS).status == "failed"
    assert_ended_for_good(Caller(sessions, job_id))
