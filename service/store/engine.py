"""Opens the database, SQLite or Postgres, so that the code above sees one behaviour."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, DateTime, Engine, ExceptionContext, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 5
# How lists are read whose entries may be large: one that ends early must not have read what it leaves.
FEW_AT_A_TIME = {"yield_per": 8}
# Longer than any request computes between two statements.
IDLE_SECONDS = 300.0

_BUSY_TIMEOUT = f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}"
_PRAGMAS = (
    _BUSY_TIMEOUT,
    "PRAGMA journal_mode=WAL",
    # An accepted job must exist after a power cut; WAL alone may lose the last commits.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)

# A cut link says nothing: without these both ends would believe in it for a quarter of an hour to two hours, and the
# server would keep the locks of the one that is gone. By libpq's names, and by the server's (seconds, milliseconds).
_CLIENT_TCP = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_SERVER_TCP = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3} | {
    "tcp_user_timeout": 10_000
}

# By SQLSTATE: a server that takes no writes, for another one took its place; one that ended a transaction in which
# nothing was said for too long.
_ENDS = ("25006", "25P03")


def make_engine(url: str, idle_seconds: float = IDLE_SECONDS) -> Engine:
    """Gives an engine for `sqlite:///path` or `postgresql://...`; the folder of a SQLite file is made.

    Every SQLite transaction takes the write lock at its start (BEGIN IMMEDIATE): two that read first and write later
    would otherwise meet SQLITE_BUSY, which no timeout cures. Sessions of `reading_session_factory` do not.

    Args:
        url: of the database.
        idle_seconds: after which Postgres ends a transaction that says nothing: a process that was frozen in the middle
            of one must not keep its locks.

    Raises:
        ValueError: another kind of database.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _make_sqlite_engine(url)
    if backend == "postgresql":
        return _make_postgres_engine(parsed, idle_seconds)
    raise ValueError(f"expected a sqlite or postgresql URL, got {backend}")


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Gives sessions that may read and write; rows stay readable after commit."""
    return sessionmaker(engine, expire_on_commit=False)


def reading_session_factory(engine: Engine) -> sessionmaker[Session]:
    """Gives sessions that only read: on SQLite they neither wait for the writer nor hold it up."""
    return sessionmaker(engine.execution_options(kan_reads_only=True), expire_on_commit=False)


def impatient_session_factory(engine: Engine) -> sessionmaker[Session]:
    """Gives sessions for writes that may be left out: on SQLite they fail at once where another one is writing."""
    return sessionmaker(engine.execution_options(kan_never_waits=True), expire_on_commit=False)


def database_now(session: Session) -> datetime:
    """Gives the time by the clock that all who share the database agree on, aware, UTC.

    Postgres is asked; the users of one SQLite file share a machine, so its clock will do.
    """
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.execute(select(func.clock_timestamp(type_=DateTime(timezone=True)))).scalar_one()
    return now.astimezone(UTC)


def _make_postgres_engine(url: URL, idle_seconds: float) -> Engine:
    arguments = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **_CLIENT_TCP}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=20,
        max_overflow=40,
        json_serializer=_strict_json,
        # They are people's data, and errors are logged.
        hide_parameters=True,
        # What the URL says itself, holds.
        connect_args={name: value for name, value in arguments.items() if name not in url.query},
    )
    event.listen(engine, "connect", partial(_prepare_postgres, idle_seconds))
    event.listen(engine, "handle_error", _tell_trouble)
    return engine


def _tell_trouble(context: ExceptionContext) -> OperationalError | None:
    """Gives what ends a connection as trouble of the database, which passes, whatever class the driver gave it."""
    error = context.original_exception
    ends = context.is_disconnect or getattr(error, "sqlstate", None) in _ENDS
    # Not what a signal raises: it ends the connection too.
    if not ends or not isinstance(context.sqlalchemy_exception, DBAPIError):
        return None
    # Others in the pool lead to the same server; new ones may find the one that took its place.
    context.is_disconnect = True
    return OperationalError(context.statement, context.parameters, error, True, connection_invalidated=True)


def _prepare_postgres(idle_seconds: float, connection: Any, _record: object) -> None:
    limits = {
        # As SQLite does: a lock that somebody holds on to is an error to retry, not a wait without end.
        "lock_timeout": BUSY_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": max(1, round(idle_seconds * 1000)),
        **_SERVER_TCP,
    }
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {name} = {value}" for name, value in limits.items()))
    connection.commit()


def _make_sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ValueError("expected a file, such as sqlite:///var/kan.sqlite3; a database in memory has one user only")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        json_serializer=_strict_json,
        # They are people's data, and errors are logged.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver would begin transactions by its own rules; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("kan_never_waits", False):
        connection.exec_driver_sql("BEGIN" if options.get("kan_reads_only", False) else "BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        # The connection goes back to the pool, where patient sessions use it.
        connection.exec_driver_sql(_BUSY_TIMEOUT)


def _strict_json(value: object) -> str:
    # NaN is no JSON: better an error here than a row that no client can read.
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
