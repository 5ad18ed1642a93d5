"""A listener hears of a change as it happens, whenever it would have looked up by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from service.domain.access.keys import create_key, revoke_key
from service.store.changes import Changes, changes_of

DEADLINE_SECONDS = 30.0
LISTENERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE query LIKE 'LISTEN%' AND datname = current_database()
"""


@pytest.fixture
def changes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changes]:
    """Looks up from its connection later than any test waits."""
    monkeypatch.setattr("service.store.changes._RETRY_SECONDS", 10 * DEADLINE_SECONDS)
    changes = changes_of(engine)
    changes.start()
    wait_until(lambda: changes.mark() is not None)
    yield changes
    closing = Thread(target=changes.close)
    closing.start()
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text(LISTENERS_END))
    closing.join()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline


def test_a_committed_change_gives_another_mark_at_once(changes: Changes, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        row, _ = create_key(session, "a")
        before = changes.mark()
        revoke_key(session, row.id)
    wait_until(lambda: changes.mark() != before)
    assert changes.mark() is not None
