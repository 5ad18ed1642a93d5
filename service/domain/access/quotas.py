"""How much one caller may ask in a minute, and at once; counted in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from service.domain.access.access_errors import TooManyAtOnce, TooManyRequests
from service.domain.errors import DomainError

WINDOW_SECONDS = 60
_WINDOW_NS = WINDOW_SECONDS * 1_000_000_000
# Callers that are remembered; one that asks nothing has its whole allowance back after a minute.
_MAX_CALLERS = 10_000


@dataclass(frozen=True)
class Allowance:
    """What a caller has left.

    Attributes:
        limit: requests of a minute.
        remaining: requests that may be sent at once.
        reset_seconds: after which all of them may.
    """

    limit: int
    remaining: int
    reset_seconds: int


@dataclass
class _Usage:
    # When the whole allowance will be back.
    full_at: int = 0
    open_requests: int = 0


class Quota:
    """So many requests for each caller, which come back steadily; used by one event loop.

    Args:
        per_minute: requests; 0 = any number.
        at_once: requests that are open at one time; 0 = any number.
        refusal: of one more at once.
        clock: steady nanoseconds.
    """

    def __init__(
        self,
        per_minute: int,
        at_once: int,
        refusal: Callable[[int], DomainError] = TooManyAtOnce,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._per_minute, self._at_once = per_minute, at_once
        self._refusal, self._clock = refusal, clock
        self._usages: OrderedDict[str, _Usage] = OrderedDict()

    @property
    def open_requests(self) -> int:
        """Requests of all callers that are open now."""
        return sum(usage.open_requests for usage in list(self._usages.values()))

    def enter(self, caller: str) -> Allowance | None:
        """Counts one more request, which must `leave`; gives what is left, None where any number may be sent.

        Raises:
            TooManyRequests: the minute's requests are used up.
            TooManyAtOnce: too many are open (or what `refusal` makes).
        """
        usage = self._usage(caller)
        if self._at_once and usage.open_requests >= self._at_once:
            raise self._refusal(self._at_once)
        allowance = self._take(usage) if self._per_minute else None
        usage.open_requests += 1
        return allowance

    def leave(self, caller: str) -> None:
        """Counts one less."""
        self._usages[caller].open_requests -= 1

    def _take(self, usage: _Usage) -> Allowance:
        # Whole nanoseconds: no request is won or lost by rounding.
        now, step = self._clock(), _WINDOW_NS // self._per_minute
        full_at = max(usage.full_at, now) + step
        too_early = full_at - now - _WINDOW_NS
        if too_early > 0:
            raise TooManyRequests(self._per_minute, _seconds(too_early))
        usage.full_at = full_at
        return Allowance(self._per_minute, -too_early // step, _seconds(full_at - now))

    def _usage(self, caller: str) -> _Usage:
        found = self._usages.get(caller)
        if found is None:
            if len(self._usages) >= _MAX_CALLERS:
                self._forget_an_idle_one()
            found = self._usages[caller] = _Usage()
        self._usages.move_to_end(caller)
        return found

    def _forget_an_idle_one(self) -> None:
        # An open request must find its count again when it leaves.
        idle = next((name for name, usage in self._usages.items() if not usage.open_requests), None)
        if idle is not None:
            del self._usages[idle]


def _seconds(ns: int) -> int:
    """Gives whole seconds, rounded up: who waits so long has waited long enough."""
    return -(-ns // 1_000_000_000)
