"""`kan migrate`: brings the database to the shape that this version expects."""

from __future__ import annotations

import time

import typer
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from service.settings import Settings, settings_from_environment
from service.store import schema
from service.store.engine import make_engine

_WAIT_SECONDS = 30.0


def migrate() -> None:
    """Create or upgrade the tables; does nothing where they are as they should be."""
    settings = settings_from_environment()
    migrate_or_exit(settings)
    typer.echo(f"{shown_url(settings)} is up to date")


def migrate_or_exit(settings: Settings) -> None:
    """Migrates; a database that cannot be opened ends the command with a sentence, not with a stack trace."""
    engine = make_engine(settings.database_url)
    try:
        _migrate_when_reachable(engine)
    except OperationalError as error:
        typer.echo(f"cannot open {shown_url(settings)}: {type(error.orig).__name__}", err=True)
        raise typer.Exit(1) from None
    finally:
        engine.dispose()


def shown_url(settings: Settings) -> str:
    """Gives the database's URL without its password."""
    return make_url(settings.database_url).render_as_string(hide_password=True)


def _migrate_when_reachable(engine: Engine) -> None:
    """Waits for a database that is just starting, as in a container beside this one."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            schema.migrate(engine)
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return
