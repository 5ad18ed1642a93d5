"""A process that ends when the one that started it does, so that a killed server leaves no compiler behind."""

import os
import time
from threading import Thread

POLL_SECONDS = 0.5
# Who starts a process tells its own number: a parent that ended during the child's imports is seen by no other means.
VARIABLE = "KERNELS_COMPILED_FOR"


def end_with_parent() -> None:
    """Watches, from a thread of its own, whether the parent is still there; ends this process where it is not."""
    parent = int(os.environ.get(VARIABLE) or os.getppid())
    Thread(target=_watch, args=(parent,), name="kan-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)
