"""A worker killed before its training process gets ready: `python -m tests.service.worker.late_child FOLDER`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

from service.worker.child import run_child


def late_child(folder: Path) -> None:
    """Waits until the worker has ended, and only then begins as a training process does."""
    worker = multiprocessing.parent_process()
    assert worker is not None
    (folder / "pid.part").write_text(str(os.getpid()))
    (folder / "pid.part").rename(folder / "pid")
    worker.join(30)
    # Both ends are held here: the pipe alone would never tell that the worker is gone.
    mine, _theirs = multiprocessing.Pipe()
    run_child(mine)


def main(folder: Path) -> None:
    """Starts the child, waits until it is there, and ends as by the kernel's hand."""
    multiprocessing.get_context("forkserver").Process(target=late_child, args=(folder,), daemon=True).start()
    while not (folder / "pid").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
