"""Random verbs of people and workers, in any order, on both databases: the jobs are always as the plain model says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from service.domain import job_patches, job_verbs, jobs
from service.domain.errors import IllegalJobStep
from service.domain.idempotency import Answer
from service.domain.leasing import claims, endings, leases
from service.domain.leasing.backoff import Backoff
from service.domain.leasing.leases import Batch, Hold, LeaseLost
from service.domain.leasing.rescues import held_leases, rescue_jobs
from service.domain.specs.job_specs import JobDraft
from service.domain.states import HELD, RETRIABLE, Verb
from service.domain.trained_model import TrainedModel
from service.store.engine import database_now
from service.store.tables import EventRow, JobRow, VersionRow
from tests.service.domain.job_model import MAX_ATTEMPTS, ExpectedJob
from tests.service.domain.test_job_verbs import store_dataset

NO_WAIT = Backoff(0.0, 0.0, 0.0)
TRAINED = TrainedModel(b"model", b"split", {"test": {"rmse": 0.1}}, {"inputs": [], "outputs": []}, "converged", 1.0)
MOST_JOBS = 3
PICK = st.integers(0, 5)
WORKERS = st.sampled_from(["wk_a", "wk_b"])
PRIORITIES = st.integers(-1, 1)
VERBS: dict[Verb, Callable[[Session, str], jobs.JobView]] = {
    "cancel": job_verbs.cancel_job,
    "pause": job_verbs.pause_job,
    "resume": job_verbs.resume_job,
}


class JobMachine(RuleBasedStateMachine):
    """Each rule does a thing to the database and the same to the model; a refusal must change nothing."""

    sessions: sessionmaker[Session]
    dataset_id: str

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[ExpectedJob] = []
        self.deleted: list[str] = []
        self.holds: list[Hold] = []

    def teardown(self) -> None:
        with self.sessions() as session:
            for table in (VersionRow, JobRow):
                session.execute(delete(table))
            session.commit()

    # What people do.

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(priority=PRIORITIES)
    def submit(self, priority: int) -> None:
        draft = JobDraft("train", {}, {"seed": 7}, self.dataset_id, "toy", 60, priority, {})
        with self.sessions() as session:
            row = jobs.create_job(session, draft, max_queue=1000, max_attempts=MAX_ATTEMPTS)
            session.commit()
        self.jobs.append(ExpectedJob(row.id, priority))

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK, verb=st.sampled_from(list(VERBS)))
    def ask(self, pick: int, verb: Verb) -> None:
        job = self.job(pick)
        self.do(IllegalJobStep, job.target(verb) is not None, VERBS[verb], job.job_id)
        if job.target(verb) is not None:
            job.ask(verb)

    @precondition(lambda self: self.jobs and len(self.jobs) < MOST_JOBS)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        job = self.job(pick)
        facts = {"max_queue": 1000, "max_attempts": MAX_ATTEMPTS, "answer_of": answer_of}
        answer = self.do(IllegalJobStep, job.status in RETRIABLE, job_verbs.retry_job, job.job_id, **facts)
        if answer is not None:
            self.jobs.append(ExpectedJob(answer.body["id"], job.priority))

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK, priority=PRIORITIES)
    def patch(self, pick: int, priority: int) -> None:
        job = self.job(pick)
        change = job_patches.JobPatch(priority=priority)
        self.do(IllegalJobStep, True, job_patches.patch_job, job.job_id, change, seen=["*"], max_labels=9)
        if priority != job.priority and not job.is_terminal:
            job.history.append(("log", ""))
        job.priority = priority

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        job = self.job(pick)
        self.do(IllegalJobStep, job.is_terminal, jobs.delete_job, job.job_id)
        if job.is_terminal:
            self.jobs.remove(job)
            self.deleted.append(job.job_id)

    # What workers do, with a hold that is theirs or that they lost long ago.

    @precondition(lambda self: any(job.status == "queued" for job in self.jobs))
    @rule(worker_id=WORKERS)
    def claim(self, worker_id: str) -> None:
        with self.sessions() as session:
            found = claims.claim_next_job(session, worker_id, 3600.0)
        # Their places in the list are their ages.
        waiting = sorted((job for job in self.jobs if job.status == "queued"), key=lambda job: -job.priority)
        assert found is not None
        assert found[0].job_id == waiting[0].job_id
        waiting[0].claim(worker_id)
        self.holds.append(found[0])

    @precondition(lambda self: self.holds)
    @rule(pick=PICK)
    def renew(self, pick: int) -> None:
        job = self.work(pick, leases.renew_lease, 3600.0)
        if job is not None:
            job.is_overdue = False

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, count=st.integers(0, 3))
    def progress(self, pick: int, count: int) -> None:
        events = [("metric", {"step": step}) for step in range(count)]
        job = self.work(pick, leases.record_progress, Batch(events, {"step": count}), 1000)
        if job is not None:
            job.history += [("metric", "")] * count

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, content=st.sampled_from([b"a", b"b"]))
    def checkpoint(self, pick: int, content: bytes) -> None:
        job = self.work(pick, leases.record_checkpoint, content, {"step": 1})
        if job is not None:
            job.keep(content)

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, has_model=st.booleans())
    def succeed(self, pick: int, has_model: bool) -> None:
        finish, result = (endings.finish_with_model, TRAINED) if has_model else (endings.finish_with_answer, {"a": 1})
        job = self.work(pick, finish, result)
        if job is not None:
            job.succeed(int(has_model))

    @precondition(lambda self: self.holds)
    @rule(pick=PICK)
    def fail(self, pick: int) -> None:
        job = self.work(pick, endings.finish_failed, "bad_data", "broke")
        if job is not None:
            job.come_to(str(job.target("fail")))

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, give_back=st.sampled_from([endings.finish_stopped, endings.hand_over]))
    def give_back(self, pick: int, give_back: Callable[[Session, Hold], str]) -> None:
        job = self.work(pick, give_back)
        if job is not None:
            job.give_back()

    @precondition(lambda self: self.holds)
    @rule(pick=PICK)
    def lose(self, pick: int) -> None:
        job = self.work(pick, endings.lose_attempt, "worker_lost", "broke", NO_WAIT)
        if job is not None:
            job.lose()

    # Time, and who cleans up.

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def let_the_lease_end(self, pick: int) -> None:
        job = self.job(pick)
        with self.sessions() as session:
            past = database_now(session) - timedelta(seconds=1)
            held = update(JobRow).where(JobRow.id == job.job_id, JobRow.status.in_(HELD))
            session.execute(held.values(lease_until=past))
            session.commit()
        job.is_overdue = job.status in HELD

    @rule(dead=st.none() | WORKERS)
    def rescue(self, dead: str | None) -> None:
        with self.sessions() as session:
            now = database_now(session)
            leases_seen = [lease for lease in held_leases(session, dead) if dead or (lease.until or now) < now]
            found = rescue_jobs(session, NO_WAIT, leases_seen)
        lost = [job for job in self.jobs if (job.is_overdue if dead is None else job.worker_id == dead)]
        for job in lost:
            job.lose()
        assert sorted(found) == sorted((job.job_id, job.status) for job in lost)

    # What must be true after every one of them.

    @invariant()
    def jobs_are_as_the_model_says(self) -> None:
        with self.sessions() as session:
            rows = {row.id: row for row in session.scalars(select(JobRow))}
            logs = defaultdict(list)
            for event in session.scalars(select(EventRow).order_by(EventRow.job_id, EventRow.seq)):
                logs[event.job_id].append(event)
            versions = [row.job_id for row in session.scalars(select(VersionRow))]
        assert set(rows) == set(logs) == {job.job_id for job in self.jobs}
        for job in self.jobs:
            row, log = rows[job.job_id], logs[job.job_id]
            assert (row.status, row.priority) == (job.status, job.priority)
            assert (row.attempt, row.token, row.worker_id) == (job.attempt, job.token, job.worker_id)
            assert (row.lease_until is not None, row.finished_at is not None) == (job.status in HELD, job.is_terminal)
            assert [told(event) for event in log] == job.history
            assert [event.seq for event in log] == list(range(1, row.event_seq + 1))
            assert [event.type for event in log].count("end") == int(job.is_terminal)
            assert versions.count(job.job_id) == job.versions <= 1

    def job(self, pick: int) -> ExpectedJob:
        return self.jobs[pick % len(self.jobs)]

    def work(self, pick: int, function: Callable[..., Any], *arguments: Any) -> ExpectedJob | None:
        """Does a worker's thing under the last hold or an older one; gives the job where the hold is still good."""
        hold = self.holds[-1 - pick % len(self.holds)]
        good = [job for job in self.jobs if job.job_id == hold.job_id and job.is_held_by(hold.token)]
        self.do(LeaseLost, bool(good), function, hold, *arguments)
        return good[0] if good else None

    def do(
        self, refusal: type[Exception], is_legal: bool, function: Callable[..., Any], *what: Any, **more: Any
    ) -> Any:
        with self.sessions() as session:
            if is_legal:
                return function(session, *what, **more)
            with pytest.raises(refusal):
                function(session, *what, **more)
        return None


def answer_of(view: jobs.JobView) -> Answer:
    return Answer(202, f"/v1/jobs/{view.row.id}", {"id": view.row.id})


def told(event: EventRow) -> tuple[str, str]:
    return event.type, str(event.data.get("status", ""))


def run_machine(sessions: sessionmaker[Session], examples: int, steps: int) -> None:
    with sessions() as session:
        facts = {"sessions": sessions, "dataset_id": store_dataset(session)}
    machine = type("JobMachineHere", (JobMachine,), facts)
    # Slow, and a database is no place for health checks of generators.
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = hypothesis_settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_jobs_stay_true_to_the_model(sessions: sessionmaker[Session]) -> None:
    run_machine(sessions, examples=15, steps=50)


@pytest.mark.slow
def test_jobs_stay_true_to_the_model_for_long(sessions: sessionmaker[Session]) -> None:
    run_machine(sessions, examples=100, steps=50)
