"""How much memory a training process takes, and its end when that is more than it may."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LOOK_SECONDS = 0.1
# Of all the machine has; the rest is for the worker, the API and the database.
_SHARE = 0.75
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
# What a process has of its own, in memory or swapped out; files that it reads are none of it.
_OWN = ("RssAnon:", "RssShmem:", "VmSwap:")


class MemoryWatch:
    """A context in which a thread looks at a process's memory; it needs no database, which may be away for long.

    Args:
        pid: of the process.
        max_bytes: beyond which it is ended.
        end: ends it.

    Attributes:
        max_bytes: as given.
        is_exceeded: has it been ended?
    """

    def __init__(self, pid: int, max_bytes: int, end: Callable[[], None]) -> None:
        self._pid = pid
        self.max_bytes = max_bytes
        self._end = end
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self.is_exceeded = False

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            if own_bytes(self._pid) > self.max_bytes:
                self.is_exceeded = True
                self._end()
                return


def own_bytes(pid: int) -> int:
    """Gives the memory that a process has of its own; 0 where it has ended or the system (not Linux) does not tell."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(_OWN))
    return 0


def memory_limit(setting: int) -> int:
    """Gives the most bytes of a training process: as set, or a share of what the machine or its container has."""
    return setting or int(_SHARE * machine_bytes())


def machine_bytes() -> int:
    """Gives the memory of this machine, or of the container if that has less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_LIMITS:
        # "max" where there is no limit.
        with suppress(OSError, ValueError):
            found.append(int(Path(path).read_text()))
    return min(found)
