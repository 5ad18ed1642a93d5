"""A flag that signal handlers may raise and that can be waited for together with pipes."""

from __future__ import annotations

import os
from contextlib import suppress
from multiprocessing.connection import wait


class Flag:
    """As threading.Event, whose lock would stop a handler for ever that comes in the middle of its `wait`."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def fileno(self) -> int:
        """Gives what can be read from while the flag is raised."""
        return self._reading

    def set(self) -> None:
        """Raises the flag."""
        # A full pipe is a raised flag.
        with suppress(BlockingIOError):
            os.write(self._writing, b"!")

    def clear(self) -> None:
        """Lowers the flag."""
        with suppress(BlockingIOError):
            while os.read(self._reading, 4096):
                pass

    def is_set(self) -> bool:
        """Is it raised?"""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until it is raised, at most so long; says whether it is."""
        return bool(wait([self._reading], seconds))

    def close(self) -> None:
        """Lets go of the pipe; the flag is of no use any more."""
        os.close(self._reading)
        os.close(self._writing)
