"""`kan worker`: the workers of this machine, one for each device, for a database that others share."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from service.cli.blobs import check_blobs_or_exit
from service.cli.devices import devices_or_exit
from service.cli.migrate import migrate_or_exit
from service.cli.supervisor import Supervisor
from service.log import configure_logging
from service.settings import Settings, settings_from_environment


def worker() -> None:
    """Run training jobs until Ctrl-C; start as many as you like, on as many machines as you like (Postgres)."""
    settings = settings_from_environment()
    devices = devices_or_exit(settings)
    migrate_or_exit(settings)
    check_blobs_or_exit(settings)
    sys.stdout.flush()
    if len(devices) > 1:
        _supervise(settings, devices)
    else:
        # In the place of this process: the training processes must not load the command line.
        os.execv(sys.executable, [sys.executable, "-m", "service.worker", "--device", devices[0]])


def _supervise(settings: Settings, devices: Sequence[str]) -> None:
    """Keeps one worker for each device alive until SIGTERM or Ctrl-C."""
    configure_logging(settings.log_level)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Supervisor(settings.model_copy(update={"workers": 1}), devices):
        stopped.wait()
