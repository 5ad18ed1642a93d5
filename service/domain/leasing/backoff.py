"""How long a job rests between attempts, so that a broken one does not keep its workers busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Backoff:
    """How long a job waits before its next attempt: doubled each time, spread by `jitter` in [0, 1)."""

    seconds: float
    max_seconds: float
    jitter: float

    def after(self, attempt: int) -> timedelta:
        """Gives the wait after this many attempts without a checkpoint; none after an attempt that made one."""
        if attempt < 1:
            return timedelta(0)
        whole = min(self.max_seconds, self.seconds * 2 ** min(attempt - 1, 30))
        return timedelta(seconds=whole * (0.5 + 0.5 * self.jitter))
