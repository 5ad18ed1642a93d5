"""A port on loopback where one API process tells its own metrics, which a port shared by several cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from prometheus_client import CollectorRegistry, start_http_server

LOOPBACK = "127.0.0.1"


@contextmanager
def metrics_on_port(port: int, registry: CollectorRegistry) -> Iterator[None]:
    """A context in which the port answers, in a thread of its own; 0 = none does.

    Raises:
        typer.Exit: the port is taken.
    """
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, LOOPBACK, registry)
    except OSError as error:
        typer.echo(f"cannot tell metrics on {LOOPBACK} port {port}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
