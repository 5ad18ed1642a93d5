"""The bell rings for each new job, and again after the database was away."""

from __future__ import annotations

from service.domain.jobs import create_job
from service.domain.specs.job_specs import JobDraft
from service.store.engine import make_engine, session_factory
from service.worker.bell import Bell

DEADLINE_SECONDS = 30.0
DRAFT = JobDraft("train", {}, {}, None, "toy", 600, 0, {})


def test_bell_rings_at_its_start_and_for_a_new_job(database_url: str) -> None:
    engine = make_engine(database_url)
    with Bell(engine) as bell:
        assert bell.rung.wait(DEADLINE_SECONDS)
        bell.rung.clear()
        with session_factory(engine)() as session:
            create_job(session, DRAFT, max_queue=9, max_attempts=3)
            session.commit()
        assert bell.rung.wait(DEADLINE_SECONDS)
    engine.dispose()


def test_bell_without_a_database_is_quiet_and_can_be_left() -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with Bell(engine) as bell:
        assert not bell.rung.wait(0.2)
    engine.dispose()
