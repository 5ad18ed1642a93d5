"""Whoever listens hears of each new job, once it is committed, and of the end of the connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from service.domain.jobs import create_job
from service.domain.specs.job_specs import JobDraft
from service.store.jobs import change_job
from service.store.notices import NoticesLost, job_notices
from service.worker.flag import Flag

DEADLINE_SECONDS = 30.0
DRAFT = JobDraft("train", {}, {}, None, "toy", 600, 0, {})


@contextmanager
def listening(engine: Engine) -> Iterator[Queue[object]]:
    """Gives what a thread hears: None for a notice, an error as it is; the notice of the start is taken out."""
    ended, heard = Flag(), Queue[object]()

    def listen() -> None:
        try:
            for notice in job_notices(engine, ended):
                heard.put(notice)
        except NoticesLost as error:
            heard.put(error)

    thread = Thread(target=listen)
    thread.start()
    assert heard.get(timeout=DEADLINE_SECONDS) is None
    yield heard
    ended.set()
    thread.join()
    ended.close()


def test_committed_job_is_heard_of(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with listening(engine) as heard, sessions() as session:
        create_job(session, DRAFT, max_queue=9, max_attempts=3)
        with pytest.raises(Empty):
            heard.get(timeout=0.2)
        session.commit()
        assert heard.get(timeout=DEADLINE_SECONDS) is None


def test_job_that_is_queued_again_is_heard_of(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        job_id = create_job(session, DRAFT, max_queue=9, max_attempts=3).id
        change_job(session, job_id, sources=["queued"], values={"status": "running"})
        session.commit()
    with listening(engine) as heard, sessions() as session:
        change_job(session, job_id, sources=["running"], values={"status": "queued"})
        session.commit()
        assert heard.get(timeout=DEADLINE_SECONDS) is None


def test_end_of_the_connection_is_told(engine: Engine, sessions: sessionmaker[Session]) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("a SQLite file has no connection to lose")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = {}"
    with listening(engine) as heard, sessions() as session:
        session.execute(text(others.format("current_database()")))
        assert isinstance(heard.get(timeout=DEADLINE_SECONDS), NoticesLost)
