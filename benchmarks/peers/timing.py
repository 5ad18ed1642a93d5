"""What every worker does for the step and inference benchmarks: build, warm up, and time in slices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

SLICE_SECONDS = 0.1
# One call above this is not repeated: the table says so.
MAX_CALL_SECONDS = 20.0

Array = np.ndarray[Any, np.dtype[Any]]


class Model(Protocol):
    """A network that holds the rows it works on."""

    def step(self) -> object:
        """Forward, mean squared error, gradients of all parameters."""
        ...

    def predict(self) -> object:
        """Forward alone, as the library serves it."""
        ...


class TooSlow(Exception):
    """One call takes longer than the benchmark is ready to wait."""


class TimedBench:
    """Times one call of a model that `build(widths, grid, x, y)` gives."""

    def __init__(self, build: Callable[[list[int], int, Array, Array], Model]) -> None:
        self._build = build
        self._call: Callable[[], object] | None = None
        self._calls = 1

    def prepare(self, widths: list[int], grid: int, rows: int, work: str) -> float:
        """Builds the model and gives the CPU seconds of one warm call.

        Raises:
            TooSlow: more than `MAX_CALL_SECONDS`.
        """
        self._call = None  # frees the last model before the next is built
        random = np.random.default_rng(0)
        x = random.uniform(-1, 1, (rows, widths[0])).astype(np.float32)
        y = random.uniform(-1, 1, (rows, widths[-1])).astype(np.float32)
        self._call = getattr(self._build(widths, grid, x, y), work)
        # Twice: the first call may compile; the second of a slow one would only cost time.
        seconds = _timed(self._call, 1)
        if seconds < MAX_CALL_SECONDS / 2:
            seconds = min(_timed(self._call, 1) for _ in range(3 if seconds < 1 else 1))
        if seconds > MAX_CALL_SECONDS:
            self._call = None
            raise TooSlow(f"{seconds:.0f} s a call")
        self._calls = max(1, int(SLICE_SECONDS / max(seconds, 1e-7)))
        return seconds

    def measure(self) -> float:
        """Gives the CPU seconds of one call, the mean over a slice."""
        assert self._call is not None
        return _timed(self._call, self._calls)


def _timed(call: Callable[[], object], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls
