"""What a worker tells of itself while it starts, when others have forgotten it, and when it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session, sessionmaker

from service.store.engine import database_now
from service.store.tables import WorkerRow
from service.store.workers import drop_worker, touch_worker
from service.worker.presence import Presence
from service.worker.retrying import Transactions

if TYPE_CHECKING:
    from tests.service.worker.conftest import Bench


@pytest.fixture
def presence(sessions: sessionmaker[Session]) -> Presence:
    return Presence("wk_1", "cpu", Transactions(sessions, 0))


def only_worker(sessions: sessionmaker[Session]) -> WorkerRow:
    with sessions() as session:
        return session.query(WorkerRow).one()


def test_worker_is_there_before_it_is_ready_and_ready_once(presence: Presence, sessions: sessionmaker[Session]) -> None:
    presence.sign_on()
    assert only_worker(sessions).ready_at is None
    presence.note_ready()
    since = only_worker(sessions).ready_at
    assert since is not None
    presence.note_ready()
    presence.touch()
    assert only_worker(sessions).ready_at == since


def test_heartbeat_that_began_before_the_worker_was_ready_does_not_take_that_back(
    presence: Presence, sessions: sessionmaker[Session]
) -> None:
    presence.sign_on()
    presence.note_ready()
    with sessions() as session:
        assert touch_worker(session, "wk_1", database_now(session), None)
        session.commit()
    assert only_worker(sessions).ready_at is not None


def test_forgotten_worker_comes_back_as_what_it_was(presence: Presence, sessions: sessionmaker[Session]) -> None:
    presence.sign_on()
    presence.note_ready()
    presence.job_id = "job_1"
    before = only_worker(sessions)
    with sessions() as session:
        drop_worker(session, "wk_1")
        session.commit()
    presence.touch()
    now = only_worker(sessions)
    facts = ("started_at", "ready_at", "host", "pid", "device")
    assert [getattr(now, name) for name in facts] == [getattr(before, name) for name in facts]
    assert now.job_id == "job_1"


def test_worker_that_ends_is_forgotten(presence: Presence, sessions: sessionmaker[Session]) -> None:
    presence.sign_on()
    presence.sign_off()
    with sessions() as session:
        assert session.query(WorkerRow).all() == []


def test_worker_is_ready_when_its_first_training_process_is(bench: Bench, sessions: sessionmaker[Session]) -> None:
    # It loads torch and the kernels.
    bench.start_worker(run_class=None)
    bench.wait_for_log("worker_started")
    assert only_worker(sessions).ready_at is None
    deadline = time.monotonic() + 120
    while (ready_at := only_worker(sessions).ready_at) is None:
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.05)
    assert ready_at > only_worker(sessions).started_at
