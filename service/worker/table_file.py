"""A data set on its way to the training process: a file without a name, so that no process holds its bytes."""

from __future__ import annotations

import os
import tempfile
from multiprocessing.reduction import DupFd
from typing import Any, BinaryIO


class TableFile:
    """A temporary file that a process started with it inherits; it is gone when both have closed it or ended."""

    def __init__(self) -> None:
        self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object

    def __getstate__(self) -> Any:
        self.file.flush()
        return DupFd(self.file.fileno())

    def __setstate__(self, inherited: Any) -> None:
        self.file = os.fdopen(inherited.detach(), "rb")
        # Both ends share one position, which stands where the writing ended.
        self.file.seek(0)

    def close(self) -> None:
        """Lets go of this process's end."""
        self.file.close()
