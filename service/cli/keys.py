"""`kan keys`: make, list and revoke API keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, cast

import typer
from sqlalchemy.orm import Session

from service.cli.expiry import expiry
from service.cli.migrate import migrate_or_exit
from service.domain.access import keys
from service.domain.access.access_errors import InvalidKey, KeyNotFound
from service.domain.access.keys import SCOPES, USUAL_SCOPES, Scope
from service.settings import settings_from_environment
from service.store.engine import make_engine, session_factory
from service.store.tables import KeyRow

app = typer.Typer(help="API keys: who may call, and what for.", no_args_is_help=True)

_PAGE = 200


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What or whom the key is for.")] = "default",
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"What it may do, once for each: {', '.join(SCOPES)}; {', '.join(USUAL_SCOPES)} otherwise."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends: 12h, 30d, 8w, a date or a time; never.")] = None,
) -> None:
    """Make a key and show its secret, this once."""
    ends_at = None if expires is None else expiry(expires, datetime.now(UTC))
    scopes = cast("list[Scope]", scope) if scope else USUAL_SCOPES
    with _session() as session:
        try:
            row, token = keys.create_key(session, name, scopes, ends_at)
        except InvalidKey as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"{row.id}  {row.name}  {','.join(row.scopes)}", err=True)
    typer.echo(token)


@app.command("list")
def list_() -> None:
    """Show all keys, newest first; secrets are not kept."""
    now, last = datetime.now(UTC), None
    with _session() as session:
        while found := keys.list_keys(session, _PAGE, last):
            for row in found:
                typer.echo(f"{row.id}  {row.name!r}  {','.join(row.scopes)}  {_state(row, now)}")
            last = found[-1].id


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id that `kan keys list` shows.")]) -> None:
    """Make a key useless for good."""
    with _session() as session:
        try:
            revoked = keys.revoke_key(session, key_id)
        except KeyNotFound:
            revoked = False
    if not revoked:
        typer.echo("no usable key has this id", err=True)
        raise typer.Exit(1)
    typer.echo("revoked")


def _state(row: KeyRow, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    used = row.last_used_at.isoformat(timespec="seconds") if row.last_used_at else "never"
    if row.expires_at is None:
        return f"last used {used}"
    word = "expired" if keys.is_expired(row.expires_at, now) else "expires"
    return f"last used {used}, {word} {row.expires_at.isoformat(timespec='seconds')}"


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
