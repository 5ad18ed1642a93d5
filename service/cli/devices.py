"""The devices of this machine's workers, or the end of the command."""

from __future__ import annotations

import typer

from service.settings import Settings
from service.worker.devices import DeviceMissing, worker_devices


def devices_or_exit(settings: Settings) -> tuple[str, ...]:
    """Gives a device for each worker; one that the machine lacks ends the command with a sentence."""
    try:
        return worker_devices(settings.devices)
    except DeviceMissing as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
