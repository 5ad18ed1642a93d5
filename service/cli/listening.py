"""Where `kan serve` listens: one port, which several API processes may share."""

from __future__ import annotations

import socket

import typer

from service.cli.migrate import shown_url
from service.settings import Settings


def listen_or_exit(settings: Settings) -> socket.socket:
    """Gives the listening socket, or ends the command with the reason in words.

    Raises:
        typer.Exit: the port is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    where = (settings.host, settings.port)
    try:
        return socket.create_server(where, family=family, backlog=2048, reuse_port=settings.share_port)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        typer.echo(f"cannot listen on {settings.host} port {settings.port}: {reason}", err=True)
        raise typer.Exit(1) from None


def where_to_look(settings: Settings, listener: socket.socket) -> str:
    """Gives the lines that greet who started the service."""
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{port}"
    plural = "worker" if settings.workers == 1 else "workers"
    return (
        f"kan-service is ready: {here}/  (pages)  {here}/docs  (API)\n"
        f"database {shown_url(settings)}, {settings.workers} {plural}; Ctrl-C stops everything"
    )
