"""Says, for some microseconds, whether model versions or keys may have changed since one looked."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any, Protocol

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

_CHANNEL = "kan_versions"
# How soon a broken connection is tried again, and a listener sees that it is to end.
_RETRY_SECONDS = 0.5


class Changes(Protocol):
    """Where marks come from."""

    def mark(self) -> int | None:
        """Gives a number that is another one after every change; None where nobody can tell."""

    def start(self) -> None:
        """Begins to look; before that nobody can tell."""

    def close(self) -> None:
        """Ends it."""


def changes_of(engine: Engine) -> Changes:
    """Gives what tells of changes in this database."""
    return _Listener(engine) if engine.dialect.name == "postgresql" else _FileVersion(engine)


def announce_versions(session: Session) -> None:
    """Tells those who listen, when this transaction commits; on SQLite the commit itself is the sign."""
    _announce(session)


def announce_keys(session: Session) -> None:
    """Tells the same listeners of a key: who has seen the new mark looks at both again."""
    _announce(session)


def _announce(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {_CHANNEL}"))


class _FileVersion:
    """SQLite counts the commits of others in shared memory, so the sign is exact."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._connection: Any = None

    def mark(self) -> int | None:
        # Two threads on one connection would mix up their cursors.
        with self._lock:
            if self._connection is None:
                return None
            try:
                (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            except self._engine.dialect.loaded_dbapi.Error:
                return None
        return int(version)

    def start(self) -> None:
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        # Kept for as long as the process lives, and read by any thread.
        connection.detach()
        # Asked on the event loop, which must never wait for a lock: "nobody can tell" is an answer too.
        driver.execute("PRAGMA busy_timeout=0")
        with self._lock:
            self._connection = driver

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None


class _Listener:
    """Postgres notifies within about a millisecond of the commit; while the connection is away nobody can tell."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended = Event()
        self._count = 0
        self._listening = False
        self._thread: Thread | None = None

    def mark(self) -> int | None:
        return self._count if self._listening else None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            with suppress(self._engine.dialect.loaded_dbapi.Error, SQLAlchemyError):
                self._listen()
            self._listening = False
            self._ended.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        connection.detach()
        with driver:
            driver.autocommit = True
            driver.execute(f"LISTEN {_CHANNEL}")
            # What happened while nobody listened is not known.
            self._count += 1
            self._listening = True
            while not self._ended.is_set():
                # Each counts as it comes: the generator ends only when its time is up.
                for _ in driver.notifies(timeout=_RETRY_SECONDS):
                    self._count += 1
