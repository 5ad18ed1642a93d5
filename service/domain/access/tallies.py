"""What this process counts of requests and predictions: plain numbers while it serves, made into metrics when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from threading import Lock

# Names that are told apart; whatever comes later is counted together.
MAX_MODELS = 200
OTHER_MODELS = "(other)"

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
BATCH_ROWS = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
JOB_SECONDS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0)


class Histogram:
    """How many values there were up to each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Counts one more."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, int]]:
        """Gives (bound, values up to it)s; the last bound is "+Inf"."""
        found, count = [], 0
        for bound, more in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            count += more
            found.append((bound, count))
        return found


class RequestTallies:
    """Requests by method, address and status; used by one event loop.

    Attributes:
        counts: by (method, address, status).
        seconds: by address.
    """

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self.seconds: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(REQUEST_SECONDS))

    def add(self, method: str, address: str, status: int, seconds: float) -> None:
        """Counts one more; `address` is the template of its route, so that there are as many as routes."""
        self.counts[method, address, status] += 1
        self.seconds[address].observe(seconds)


class PredictionTallies:
    """Rows that were predicted, and values among them that training never saw; safe to share between threads.

    Attributes:
        batches: sizes of what was asked for at once (rows).
        rows, outside: by model.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.batches = Histogram(BATCH_ROWS)
        self.rows: dict[str, int] = {}
        self.outside: dict[str, int] = {}

    def add(self, model_name: str, rows: int, outside: int) -> None:
        """Counts one prediction."""
        with self._lock:
            name = model_name if model_name in self.rows or len(self.rows) < MAX_MODELS else OTHER_MODELS
            self.batches.observe(rows)
            self.rows[name] = self.rows.get(name, 0) + rows
            self.outside[name] = self.outside.get(name, 0) + outside
