"""Training processes: started before there is a job, from a fork server that has loaded all they need."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import wait
from multiprocessing.forkserver import ensure_running
from typing import Any, BinaryIO

from service.worker.child import READY, run_child
from service.worker.order import TrainingOrder, send_order

_context = multiprocessing.get_context("forkserver")


def warm_up(run_class: str | None = None) -> None:
    """Starts the fork server, which loads what training needs (torch) once, in the background.

    Args:
        run_class: the only one there will be, in tests.
    """
    # Before polars is loaded: what it read a table with goes back to the system at once, not after ten seconds.
    os.environ["_RJEM_MALLOC_CONF"] = "dirty_decay_ms:0,muzzy_decay_ms:0"
    loaded = run_class.partition(":")[0] if run_class else "service.worker.preloaded"
    _context.set_forkserver_preload(["service.worker.deaf", loaded, "service.worker.child"])
    ensure_running()


class TrainingProcess:
    """One training process, which waits for its order; leaving its context kills what is left of it."""

    def __init__(self) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=run_child, args=(theirs,), daemon=True)
        self._process.start()
        # The child holds the only other end, so that its death is the end of the pipe.
        theirs.close()

    def __enter__(self) -> TrainingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()
        self._process.close()

    @property
    def pid(self) -> int:
        """Its number."""
        return int(self._process.pid or 0)

    def kill(self) -> None:
        """Ends it; `messages` will tell."""
        self._process.kill()

    @property
    def is_alive(self) -> bool:
        """Has it not ended yet?"""
        return self._process.is_alive()

    def wait_until_ready(self) -> None:
        """Waits until it can take an order at once.

        Raises:
            EOFError: it ended before.
        """
        if self._pipe.recv() != READY:
            raise EOFError

    def begin(self, order: TrainingOrder, table: BinaryIO) -> None:
        """Sends the order; a process that has just ended does not hear it, which `messages` will tell."""
        try:
            send_order(self._pipe, order, table, self.pid)
        except ConnectionError:
            return

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
        if code == -signal.SIGKILL:
            return f"the training process was killed by signal {-code}, as the kernel does when memory runs out"
        if code is not None and code < 0:
            return f"the training process was killed by signal {-code} ({signal.strsignal(-code)})"
        return f"the training process ended by itself with code {code}"


class SpareProcess:
    """A context that keeps one training process ready, so that a job need not wait for its start.

    Args:
        on_ready: called, in a thread of its own, when there is one, or when there is none because it broke.
    """

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready
        self._next = self._start()

    def __enter__(self) -> SpareProcess:
        return self

    def __exit__(self, *_: object) -> None:
        # At once, or when it has started.
        self._next.add_done_callback(_end)

    def is_ready(self) -> bool:
        """Is there a process that can take an order at once? One that broke is replaced.

        Raises:
            OSError, EOFError: the last one could not be started; the next one is on its way.
        """
        if not self._next.done():
            return False
        started, error = self._next, self._next.exception()
        if error is None and started.result().is_alive:
            return True
        self._next = self._start()
        _end(started)
        if error is not None:
            raise error
        return False

    def take(self) -> TrainingProcess:
        """Gives the process that is ready, and starts the next one."""
        taken = self._next.result()
        self._next = self._start()
        return taken

    def _start(self) -> Future[TrainingProcess]:
        started: Future[TrainingProcess] = Future()
        started.add_done_callback(lambda _: self._on_ready())
        # The fork server answers when it has loaded everything, which may take seconds; the worker can stop meanwhile.
        threading.Thread(target=_start_into, args=(started,), name="spare", daemon=True).start()
        return started


def _start_into(started: Future[TrainingProcess]) -> None:
    try:
        process = TrainingProcess()
        process.wait_until_ready()
    except (OSError, EOFError) as error:
        started.set_exception(error)
    else:
        started.set_result(process)


def _end(started: Future[TrainingProcess]) -> None:
    if started.exception() is None:
        started.result().__exit__()
