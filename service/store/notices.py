"""Tells idle workers that a job may be waiting: a notification on Postgres, the file's version on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import wait
from typing import Any, Protocol

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

# Read from shared memory in some microseconds: cheap enough to be asked so often.
_VERSION_SECONDS = 0.05


class NoticesLost(Exception):
    """The connection that listened is gone; what happens meanwhile is not told."""


class HasFileno(Protocol):
    """Something to wait for, such as a socket."""

    def fileno(self) -> int: ...


def announce_job(session: Session) -> None:
    """Tells the workers that listen, when this transaction commits; on SQLite the commit itself is the sign."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("NOTIFY kan_jobs"))


def job_notices(engine: Engine, ended: HasFileno) -> Iterator[None]:
    """Yields whenever a job may have come, and once at the start; ends when `ended` can be read from.

    Raises:
        NoticesLost: the database is away.
    """
    notices = _notifications if engine.dialect.name == "postgresql" else _versions
    try:
        with closing(engine.raw_connection()) as connection:
            driver = connection.driver_connection
            # It listens for as long as the process lives: none for the pool to lend again.
            connection.detach()
            yield from notices(driver, ended)
    except engine.dialect.loaded_dbapi.Error as error:
        raise NoticesLost from error


def _notifications(connection: Any, ended: HasFileno) -> Iterator[None]:
    connection.autocommit = True
    connection.execute("LISTEN kan_jobs")
    # Whoever listens from now on may have missed one before.
    yield
    while ended.fileno() not in wait([connection.fileno(), ended.fileno()]):
        if list(connection.notifies(timeout=0)):
            yield


def _versions(connection: Any, ended: HasFileno) -> Iterator[None]:
    seen = None
    while True:
        # Changes with every commit of another connection, of this process or not.
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != seen:
            seen = version
            yield
        if wait([ended.fileno()], _VERSION_SECONDS):
            return
