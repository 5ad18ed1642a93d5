"""`kan worker`: one worker process on this machine, for a database that others share."""

from __future__ import annotations

import os
import sys

from service.cli.migrate import migrate_or_exit
from service.settings import settings_from_environment


def worker() -> None:
    """Run training jobs until Ctrl-C; start as many as you like, on as many machines as you like (Postgres)."""
    migrate_or_exit(settings_from_environment())
    sys.stdout.flush()
    # In the place of this process: the training processes must not load the command line.
    os.execv(sys.executable, [sys.executable, "-m", "service.worker"])
