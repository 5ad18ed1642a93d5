"""`kan serve`: the API and its workers in one command."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from types import FrameType
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from kan.kernels.native.compiling import KERNELS
from service.api.app import create_app
from service.cli.blobs import check_blobs_or_exit
from service.cli.devices import devices_or_exit
from service.cli.listening import listen_or_exit, where_to_look
from service.cli.metrics_port import metrics_on_port
from service.cli.migrate import migrate_or_exit
from service.cli.supervisor import Supervisor
from service.domain.access.keys import has_key
from service.log import configure_logging
from service.settings import Settings, settings_from_environment
from service.store.engine import make_engine, session_factory
from service.telemetry import OtelMissing

_GRACE_SECONDS = 5


def serve(
    workers: Annotated[int | None, typer.Option(min=0, max=64, help="Worker processes; KAN_WORKERS otherwise.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; KAN_HOST otherwise.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; KAN_PORT otherwise; 0 = a free one.")
    ] = None,
) -> None:
    """Start the API and its workers; creates and upgrades the database by itself."""
    given = {"workers": workers, "host": host, "port": port}
    settings = settings_from_environment().model_copy(update={k: v for k, v in given.items() if v is not None})
    configure_logging(settings.log_level)
    migrate_or_exit(settings)
    check_blobs_or_exit(settings)
    _require_key(settings)
    listener = listen_or_exit(settings)
    # A type of CPU that never served compiles for a minute; the sooner it begins, the better.
    KERNELS.functions()
    app = _app_or_exit(settings)
    closing = app.state.closing = threading.Event()
    devices = devices_or_exit(settings) if settings.workers else ()
    with metrics_on_port(settings.metrics_port, app.state.registry), Supervisor(settings, devices, closing):
        _serve(app, settings, listener)
    typer.echo("stopped")


def _app_or_exit(settings: Settings) -> FastAPI:
    try:
        return create_app(settings)
    except OtelMissing as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


class _Server(uvicorn.Server):
    """Tells event streams that the end is near, for they would hold it up, and lets a balancer see it coming."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, where: str) -> None:
        super().__init__(config)
        self._app = app
        self._where = where
        self._end_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            typer.echo(self._where)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        drain: float = self._app.state.settings.drain_seconds
        is_first = not self._app.state.closing.is_set()
        self._app.state.closing.set()
        if sig == signal.SIGTERM and is_first and drain > 0:
            # Who sends requests here learns it from /readyz; until then they are answered.
            self._end_at = time.monotonic() + drain
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._end_at is not None and time.monotonic() >= self._end_at:
            self._end_at = None
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


def _serve(app: FastAPI, settings: Settings, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, app, where_to_look(settings, listener))
    # uvicorn raises the signal again when it has stopped; the workers must stop first, so SIGTERM ends like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _require_key(settings: Settings) -> None:
    """Ends the command where strangers could call an open server."""
    if not settings.needs_key:
        return
    engine = make_engine(settings.database_url)
    with session_factory(engine)() as session:
        found = has_key(session)
    engine.dispose()
    if not found:
        typer.echo(
            f"refusing to listen on {settings.host} without an API key: make one with `kan keys create`, "
            "or set KAN_AUTH=off to let everybody in",
            err=True,
        )
        raise typer.Exit(1)
