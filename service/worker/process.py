"""Starts the training process of a job from a fork server that has torch loaded already, and speaks with it."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running
from typing import Any

from service.worker.child import TrainingOrder, run_child

_context = multiprocessing.get_context("forkserver")


def warm_up(run_class: str) -> None:
    """Starts the fork server, which loads the run's module (and torch with it) once, in the background."""
    # Before polars is loaded: what it read a table with goes back to the system at once, not after ten seconds.
    os.environ["_RJEM_MALLOC_CONF"] = "dirty_decay_ms:0,muzzy_decay_ms:0"
    _context.set_forkserver_preload([run_class.partition(":")[0], "service.worker.child"])
    ensure_running()


class TrainingProcess:
    """One training process; leaving its context kills what is left of it."""

    def __init__(self, order: TrainingOrder) -> None:
        self._order = order
        self._pipe: Connection
        self._process: ForkServerProcess

    def __enter__(self) -> TrainingProcess:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=run_child, args=(theirs, self._order), daemon=True)
        self._process.start()
        # The child holds the only other end, so that its death is the end of the pipe.
        theirs.close()
        self._order.table.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()
        self._process.close()

    def messages(self, seconds: float) -> list[tuple[Any, ...]]:
        """Gives what has come within `seconds`; less waiting when something comes.

        Raises:
            EOFError: the process has ended and said all it had to say.
        """
        wait([self._pipe], seconds)
        found: list[tuple[Any, ...]] = []
        try:
            while self._pipe.poll() and len(found) < 100:
                found.append(self._pipe.recv())
        except (EOFError, OSError):
            if not found:
                raise EOFError from None
        return found

    def say(self, word: str) -> None:
        """Sends a word down; a process that has just ended does not hear it."""
        try:
            self._pipe.send(word)
        except OSError:
            return

    def ending(self) -> str:
        """Says how the process ended, in words."""
        self._process.join(5)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"the training process was killed by signal {-code}"
        return f"the training process ended by itself with code {code}"
