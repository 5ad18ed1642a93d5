"""A disk of a few megabytes that can be filled to the last byte and emptied again."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DISK_BYTES = 48 * 2**20


class SmallDisk:
    """A mounted folder and the ballast in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Writes until there is no byte left."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (2**20, 4096, 1):
                _write_all(ballast.fileno(), b"\0" * size)

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def mounted_disk() -> Iterator[SmallDisk]:
    """Gives a small disk of its own; skips the test, and says so, where mounting is not allowed."""
    folder = Path(tempfile.mkdtemp(prefix="kan-disk-"))
    # The database server runs as a user of its own.
    folder.chmod(0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"FAULT NOT TESTED: no small disk can be mounted here: {done.stderr.strip()}")
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


def _write_all(descriptor: int, block: bytes) -> None:
    try:
        while os.write(descriptor, block):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
