"""A list of jobs finds their states without a look at the rest of their logs, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from service.store.engine import database_now
from service.store.jobs import list_status_events
from service.store.tables import EventRow
from tests.service.domain.leasing.test_leases import queue_job

METRICS = 2000


def test_states_of_jobs_with_long_logs_are_read_by_their_index(session: Session, engine: Engine) -> None:
    job_ids = [queue_job(session) for _ in range(5)]
    at = database_now(session)
    metrics = [
        {"job_id": job_id, "seq": number + 2, "at": at, "type": "metric", "data": {"step": number}}
        for job_id in job_ids
        for number in range(METRICS)
    ]
    session.execute(insert(EventRow), metrics)
    session.commit()
    if engine.dialect.name == "postgresql":
        session.execute(text("ANALYZE events"))
    statements: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *what: statements.append((what[2], what[3])))
    found = list_status_events(session, job_ids[:3])
    assert [(row.job_id, row.data["status"]) for row in found] == [(job_id, "queued") for job_id in job_ids[:3]]
    ((asked, values),) = [each for each in statements if "FROM events" in each[0]]
    explain = {"sqlite": "EXPLAIN QUERY PLAN "}.get(engine.dialect.name, "EXPLAIN ")
    plan = session.connection().exec_driver_sql(explain + asked, values).all()
    assert "ix_events_status" in str(plan)
