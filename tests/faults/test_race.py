"""Two workers race for 1,000 jobs: each job runs once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from service.store.tables import EventRow, JobRow, VersionRow
from tests.faults.conftest import wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import FaultBench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

JOBS = 1000


def test_two_workers_run_a_thousand_jobs_once_each(bench: FaultBench, sessions: sessionmaker[Session]) -> None:
    job_ids = {bench.submit(steps=1) for _ in range(JOBS)}
    # A lease that outlives any pause of a loaded machine: here nobody may be rescued.
    for _ in range(2):
        bench.start_worker(KAN_LEASE_SECONDS="60")
    wait_until(lambda: open_jobs(sessions) == 0, "an end of all jobs", 600)
    with sessions() as session:
        assert Counter(session.scalars(select(JobRow.status))) == {"succeeded": JOBS}
        assert Counter(session.scalars(select(VersionRow.job_id))) == dict.fromkeys(job_ids, 1)
        assert sorted(session.scalars(select(VersionRow.version))) == list(range(1, JOBS + 1))
        steps = session.execute(select(EventRow.job_id, EventRow.data).where(EventRow.type == "status")).all()
    claims = [(job_id, data["worker"]) for job_id, data in steps if data["status"] == "running"]
    assert Counter(job_id for job_id, _ in claims) == dict.fromkeys(job_ids, 1)
    assert len({worker for _, worker in claims}) == 2, "one worker did everything: there was no race"


def open_jobs(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return len(session.scalars(select(JobRow.id).where(JobRow.finished_at.is_(None))).all())
