"""The process that trains one job: it talks through a pipe to its worker and never sees the database.

First the word "ready" goes up and an order comes down. Then up go tuples: ("update", kind, data, progress),
("checkpoint", content, info, moment) where `moment` is a model to keep or None, ("result", fields, reason) of a job
that publishes a model, ("answer", result, reason) of one that does not, ("failed", reason, message), ("stopped",). Down
come the words "hand_over", "go_on" (which takes it back) and "finish".
"""

from __future__ import annotations

import ctypes
import importlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from kan.errors import is_out_of_memory
from service.domain.trained_model import TrainingMoment
from service.worker.order import TrainingOrder, receive_order

READY = "ready"
HAND_OVER = "hand_over"
GO_ON = "go_on"
FINISH = "finish"

# The pipe and the log need no more than this; a step may take less than a millisecond.
_METRIC_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1
_REASONS = {
    "BadTrainingData": "bad_data",
    "EncodingError": "bad_data",
    "TrainingDiverged": "diverged",
}


def run_child(pipe: Connection) -> None:
    """Waits for an order, trains to its end or to the word that stops it; the process ends with this function."""
    die_with_parent(_is_worker_alive)
    _offer_to_the_kernel()
    try:
        pipe.send(READY)
        order, table = receive_order(pipe)
    except (EOFError, OSError):
        # The worker ended before it had a job.
        return
    words = _Words(pipe)
    try:
        _train(pipe, order, table, words)
    except Exception as error:  # noqa: BLE001 - the job edge: whatever broke is reported, not lost
        pipe.send(("failed", *_told(error)))


def die_with_parent(is_parent_alive: Callable[[], bool], how: signal.Signals = signal.SIGKILL) -> None:
    """Asks the kernel (Linux) to signal this process when its parent ends, however that happens.

    Raises:
        SystemExit: the parent has ended already, so that no signal would ever come.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, how)
    # After the call, not before: a parent that ends in between is noticed one way or the other.
    if not is_parent_alive():
        sys.exit("the parent process ended before this one was ready")


def _is_worker_alive() -> bool:
    # By the pipe that the worker holds open: the process above this one is the fork server, not the worker.
    worker = multiprocessing.parent_process()
    return worker is None or worker.is_alive()


def _offer_to_the_kernel() -> None:
    """Where memory runs out, Linux shall end the training and neither its worker nor the database."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


class _Words:
    """The last word that the worker said; its silence for ever (a closed pipe) ends this process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.last: str | None = None
        threading.Thread(target=self._listen, name="words", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.last = self._pipe.recv()
            except (EOFError, OSError):
                os._exit(1)


def _train(pipe: Connection, order: TrainingOrder, table: BinaryIO, words: _Words) -> None:
    with table:
        run = _load(order.run_class)(order.resolved, table, order.column_types, order.checkpoint, **order.beginning)
    _give_memory_back()
    _cap_threads(order.threads)
    started = saved = time.monotonic()
    sent = 0.0
    keeping = _Keeping(order.run_seconds)
    for update in run:
        now = time.monotonic()
        if update.type != "metric" or update.stage_ended or now - sent >= _METRIC_SECONDS:
            pipe.send(("update", update.type, plain(update.data), plain(update.progress)))
            sent = now
        handing_over = words.last == HAND_OVER
        if update.stage_ended or handing_over or now - saved >= order.checkpoint_seconds:
            run_seconds = order.run_seconds + now - started
            # A stage that ends now will not end again in the next attempt.
            is_kept = update.stage_ended or not handing_over
            moment = keeping.moment(run, update.stage_ended, run_seconds) if is_kept else None
            info = {**plain(update.progress), "run_seconds": run_seconds}
            pipe.send(("checkpoint", run.checkpoint(), info, moment))
            saved = time.monotonic()
        if handing_over:
            pipe.send(("stopped",))
            return
        if words.last == FINISH:
            _finish_early(pipe, run)
            return
    pipe.send(_ended(run.result, None))


class _Keeping:
    """When the network so far is worth keeping as a model: at stage ends, in between after twice the time each time."""

    def __init__(self, run_seconds: float) -> None:
        self._next = 2 * run_seconds

    def moment(self, run: Any, stage_ended: bool, run_seconds: float) -> TrainingMoment | None:
        """Gives what to keep; None where it is not time yet, or the run has none."""
        if not stage_ended and run_seconds < self._next:
            return None
        self._next = 2 * run_seconds
        found: TrainingMoment | None = getattr(run, "moment", lambda: None)()
        return found


def _finish_early(pipe: Connection, run: Any) -> None:
    """Hands over the best network so far, where the run has one already."""
    best = getattr(run, "finish_early", lambda: None)()
    if best is None:
        pipe.send(("failed", "max_runtime", "max_runtime_s passed before the job was done, or had a model to keep"))
    else:
        pipe.send(_ended(best, "max_runtime"))


def _ended(result: Any, reason: str | None) -> tuple[Any, ...]:
    """Gives the last message of a run: a model to publish, or a plain answer."""
    if isinstance(result, Mapping):
        return ("answer", plain(result), reason)
    return ("result", _fields(result), reason)


def _fields(result: Any) -> dict[str, Any]:
    return {
        "model": result.model,
        "split": result.split,
        "metrics": plain(result.metrics),
        "signature": plain(result.signature),
        "outcome": str(result.outcome),
        "train_seconds": float(result.train_seconds),
        "term_means": result.term_means,
        "residuals": result.residuals,
        "change": plain(result.change),
    }


def plain(value: Any) -> Any:
    """Gives a value as JSON knows it: numbers that are not finite become null, arrays become lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _load(dotted: str) -> Any:
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


def _give_memory_back() -> None:
    """Returns to the system what reading the table took and freed; the C library would keep it."""
    # Only glibc has it, and only glibc needs it.
    getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)


def _cap_threads(threads: int) -> None:
    # Only where the run brought torch in: this module must not, the worker imports it too.
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def _told(error: Exception) -> tuple[str, str]:
    """Gives reason and message; the message of an unexpected error may hold data, so only its class is told."""
    for kind in type(error).__mro__:
        if kind.__name__ in _REASONS:
            return _REASONS[kind.__name__], str(error)
    if is_out_of_memory(error):
        return "out_of_memory", str(error)
    traceback.print_exc()
    return "internal", f"the training broke with {type(error).__name__}; the worker's log has the details"
