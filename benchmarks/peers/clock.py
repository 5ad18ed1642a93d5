"""A stopwatch of CPU seconds that stands still while the test rows are looked at, and notes when levels are reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


class Finished(Exception):
    """Nothing is left to measure: the last level is reached or the time is up."""


@dataclass
class LevelClock:
    """Says at how many CPU seconds the test RMSE first fell to each level.

    Attributes:
        levels: RMSE, largest first.
        limit_seconds: training time after which `look` gives up.
        reached: seconds per level reached so far, in the order of `levels`.
        best: the least RMSE seen.
    """

    levels: Sequence[float]
    limit_seconds: float
    reached: list[float] = field(default_factory=list)
    best: float = float("inf")
    _started: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """CPU seconds of training."""
        return time.process_time() - self._started

    def look(self, test_rmse: Callable[[], float]) -> None:
        """Evaluates outside the clock.

        Raises:
            Finished: the lowest level is reached or the time is up.
        """
        stopped = time.process_time()
        seconds = stopped - self._started
        self.best = min(self.best, test_rmse())
        while len(self.reached) < len(self.levels) and self.best <= self.levels[len(self.reached)]:
            self.reached.append(seconds)
        self._started += time.process_time() - stopped
        if len(self.reached) == len(self.levels) or seconds > self.limit_seconds:
            raise Finished

    def result(self) -> dict[str, object]:
        """Gives what the parent tabulates."""
        return {"reached": self.reached, "best": self.best, "seconds": self.seconds}
