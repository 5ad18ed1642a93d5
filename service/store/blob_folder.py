"""Bytes by content hash as files of a folder, which machines may share: whole or not there, never half a file."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.exc import SQLAlchemyError

READ_BYTES = 1024 * 1024
# The files lie on shelves by the first two digits of their hash: no folder grows too long.
SHELVES = tuple(f"{number:02x}" for number in range(256))
_NAME = re.compile(r"[0-9a-f]{64}")


class BlobsUnavailable(SQLAlchemyError):
    """The folder cannot be read or written: not mounted, full, forbidden.

    It is one of the database's troubles, so whoever waits for those to pass waits for this one.
    """


def path_of(url: str) -> Path:
    """Gives the path that `file:///path` names."""
    return Path(unquote(urlsplit(url).path))


class BlobFolder:
    """The folder behind `file:///path`; it is made where it is not there."""

    def __init__(self, url: str) -> None:
        self._root = path_of(url)
        with _trouble():
            self._root.mkdir(parents=True, exist_ok=True)

    def holds(self, sha256: str, size: int) -> bool:
        """Is there a file of this hash and size?"""
        with _trouble():
            try:
                return self._place(sha256).stat().st_size == size
            except FileNotFoundError:
                return False

    def write(self, sha256: str, content: bytes) -> None:
        """Writes a file so that it is whole, and on the disk, when it appears under its name.

        Raises:
            BlobsUnavailable: nothing is left of it.
        """
        place = self._place(sha256)
        draft = place.with_name(f".{uuid.uuid4().hex}")
        with _trouble():
            # Only the shelf: a root that has gone is a share that is not mounted, and must not be made anew.
            place.parent.mkdir(exist_ok=True)
            try:
                with draft.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(place)
            finally:
                draft.unlink(missing_ok=True)
            _sync(place.parent)
            _sync(self._root)

    def blocks(self, sha256: str) -> Iterator[bytes]:
        """Yields a file block by block, nothing where it is missing.

        Raises:
            BlobsUnavailable: the folder itself is missing, or may not be read.
        """
        with _trouble():
            if not self._root.is_dir():
                raise BlobsUnavailable("the folder of KAN_BLOBS is not there")
            try:
                with self._place(sha256).open("rb") as file:
                    while block := file.read(READ_BYTES):
                        yield block
            except FileNotFoundError:
                return

    def remove(self, sha256: str) -> None:
        """Deletes a file, if it is there."""
        with _trouble():
            self._place(sha256).unlink(missing_ok=True)

    def old_files(self, shelf: str, before: datetime) -> dict[str, int]:
        """Gives hash and size of the files of a shelf that were written before `before`; sweeps old drafts away."""
        found = {}
        with _trouble():
            for path in (self._root / shelf).glob("*"):
                facts = path.stat()
                if facts.st_mtime >= before.timestamp():
                    continue
                if _NAME.fullmatch(path.name):
                    found[path.name] = facts.st_size
                elif path.name.startswith("."):
                    path.unlink(missing_ok=True)
        return found

    def _place(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256


def _sync(folder: Path) -> None:
    """Brings a new name in a folder to the disk; without it the file may be gone after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BlobsUnavailable(f"the folder of KAN_BLOBS: {error.strerror}") from error
