"""A temporary folder for each worker: one that is killed cannot remove its own, so the next one that starts does."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

# Short: the path of the fork server's socket in it may have some hundred letters at most.
_PREFIX = "kanw-"
# A younger one may be about to be locked.
_LEAST_AGE_SECONDS = 60.0


def take_temporary_folder() -> Path:
    """Makes the folder that all temporary files of this process go to; it goes with the process where that ends well.

    A lock on it, which the system gives back however the process ends, tells others that it is in use.
    """
    remove_abandoned(Path(tempfile.gettempdir()))
    folder = tempfile.mkdtemp(prefix=_PREFIX)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    tempfile.tempdir = folder
    # After multiprocessing has removed its folder in this one, which it does at -100.
    Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-101)
    return Path(folder)


def remove_abandoned(place: Path) -> None:
    """Removes the folders of processes that have ended without removing them."""
    for folder in place.glob(f"{_PREFIX}*"):
        # Somebody else's, or just removed by another worker.
        with suppress(OSError), _locked(folder) as is_abandoned:
            if is_abandoned:
                shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Gives whether nobody uses a folder, and keeps it so."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        facts = os.fstat(handle)
        is_ours = facts.st_uid == os.geteuid() and time.time() - facts.st_mtime > _LEAST_AGE_SECONDS
        if is_ours:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield is_ours
    finally:
        os.close(handle)
