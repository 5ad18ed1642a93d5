"""A key that called lately is let in without the database, and not a moment longer than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from service.domain.access.access_errors import MissingScope
from service.domain.access.key_ring import LOOK_AGAIN_SECONDS, Caller, KeyRing
from service.domain.access.keys import create_key, revoke_key
from service.domain.errors import InvalidApiKey
from service.store.changes import Changes, changes_of
from service.store.engine import impatient_session_factory, make_engine, reading_session_factory

AWAY_SECONDS = 100.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes(engine: Engine) -> Iterator[Changes]:
    changes = changes_of(engine)
    changes.start()
    while changes.mark() is None:
        pass
    yield changes
    changes.close()


@pytest.fixture
def ring(engine: Engine, changes: Changes, clock: Clock) -> KeyRing:
    reading, impatient = reading_session_factory(engine), impatient_session_factory(engine)
    return KeyRing(reading, impatient, changes, AWAY_SECONDS, clock)


def settled(ring: KeyRing, token: str) -> Caller:
    """Asks until the date of the use, which the first look wrote, is no longer news."""
    ring.find(token)
    return ring.find(token)


def test_key_is_held_after_one_look(ring: KeyRing, session: Session) -> None:
    row, token = create_key(session, "a", ["read"])
    assert ring.held(token) is None
    assert settled(ring, token) == Caller(row.id, frozenset({"read"}), None)
    assert ring.held(token) == Caller(row.id, frozenset({"read"}), None)


def test_wrong_secret_of_a_held_key_is_refused(ring: KeyRing, session: Session) -> None:
    _, token = create_key(session, "a")
    settled(ring, token)
    assert ring.held(token + "x") is None
    with pytest.raises(InvalidApiKey):
        ring.find(token + "x")


def test_key_revoked_by_another_process_is_noticed(ring: KeyRing, changes: Changes, database_url: str) -> None:
    elsewhere = make_engine(database_url)
    with sessionmaker(elsewhere)() as session:
        row, token = create_key(session, "a")
        key_id = row.id
        settled(ring, token)
        mark = changes.mark()
        revoke_key(session, key_id)
    # Postgres notifies within about a millisecond, SQLite at once.
    while changes.mark() == mark:
        pass
    elsewhere.dispose()
    assert ring.held(token) is None
    with pytest.raises(InvalidApiKey):
        ring.find(token)


def test_key_is_looked_up_again_after_a_while_whatever_happened(ring: KeyRing, session: Session, clock: Clock) -> None:
    _, token = create_key(session, "a")
    settled(ring, token)
    clock.seconds = LOOK_AGAIN_SECONDS
    assert ring.held(token) is not None
    clock.seconds += 0.1
    assert ring.held(token) is None


def test_held_key_ends_when_it_expires(ring: KeyRing, session: Session) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    _, token = create_key(session, "a", expires_at=end)
    settled(ring, token)
    assert ring.held(token) is not None
    ring._now = lambda: end
    with pytest.raises(InvalidApiKey):
        ring.held(token)


class Away:
    """Sessions of a database that does not answer."""

    def __call__(self) -> Session:
        raise OperationalError("select", {}, Exception("away"))


def test_good_key_is_let_in_for_a_while_when_the_database_is_away(
    ring: KeyRing, session: Session, clock: Clock
) -> None:
    _, token = create_key(session, "a")
    _, other = create_key(session, "b")
    caller = settled(ring, token)
    ring._reading = Away()  # type: ignore[assignment]
    clock.seconds = AWAY_SECONDS
    assert ring.find(token) == caller
    for text in (other, token + "x"):
        with pytest.raises(OperationalError):
            ring.find(text)
    clock.seconds += 0.1
    with pytest.raises(OperationalError):
        ring.find(token)


def test_admin_may_do_everything_and_others_what_they_may() -> None:
    Caller("k", frozenset({"admin"}), None).require(["write"])
    Caller("k", frozenset({"read", "predict"}), None).require(["write", "predict"])
    Caller("k", frozenset({"predict"}), None).require([])
    with pytest.raises(MissingScope, match="scope read or write"):
        Caller("k", frozenset({"predict"}), None).require(["read", "write"])
