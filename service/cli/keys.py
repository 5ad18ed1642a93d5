"""`kan keys`: make, list and revoke API keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from service.cli.migrate import migrate_or_exit
from service.domain import keys
from service.settings import settings_from_environment
from service.store.engine import make_engine, session_factory

app = typer.Typer(help="API keys: who may call.", no_args_is_help=True)


@app.command()
def create(name: Annotated[str, typer.Argument(help="What or whom the key is for.")] = "default") -> None:
    """Make a key and show its secret, this once."""
    with _session() as session:
        row, token = keys.create_key(session, name)
    typer.echo(f"{row.id}  {name}", err=True)
    typer.echo(token)


@app.command("list")
def list_() -> None:
    """Show all keys; secrets are not kept."""
    with _session() as session:
        for row in keys.list_keys(session):
            used = row.last_used_at.isoformat(timespec="seconds") if row.last_used_at else "never"
            state = "revoked" if row.revoked_at else f"last used {used}"
            typer.echo(f"{row.id}  {row.name!r}  {state}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id that `kan keys list` shows.")]) -> None:
    """Make a key useless for good."""
    with _session() as session:
        revoked = keys.revoke_key(session, key_id)
    if not revoked:
        typer.echo("no usable key has this id", err=True)
        raise typer.Exit(1)
    typer.echo("revoked")


@contextmanager
def _session() -> Iterator[Session]:
    settings = settings_from_environment()
    migrate_or_exit(settings)
    engine = make_engine(settings.database_url)
    try:
        with session_factory(engine)() as session:
            yield session
    finally:
        engine.dispose()
