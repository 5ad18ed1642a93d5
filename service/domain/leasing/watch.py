"""Which leases are lost, as one process sees it over time: no clock that is set forward or back makes it err."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from service.store.jobs import Lease


class LeaseWatch:
    """What a process saw of all leases, timed by a clock of its own that never jumps.

    A clock set forward ends every lease on paper, and one set back lets a dead worker's last for hours. So a lease is
    lost only where nobody was seen to renew it: for two heartbeats when its end has passed, or for its whole length
    when it ends later than any lease taken now. While the database is away nobody can renew: what was seen before it
    was away for long counts for nothing.

    Args:
        lease_seconds: how long a lease is.
        heartbeat_seconds: how often a living worker renews its own.
        look_seconds: how often the process looks.
    """

    def __init__(self, lease_seconds: float, heartbeat_seconds: float, look_seconds: float) -> None:
        self._length = timedelta(seconds=lease_seconds)
        self._patience = timedelta(seconds=2 * heartbeat_seconds)
        self._longest_gap = 2 * heartbeat_seconds + look_seconds
        self._first_seen: dict[Lease, float] = {}
        self._looked_at: float | None = None

    def lost(self, leases: Sequence[Lease], now: datetime, steady_seconds: float) -> list[Lease]:
        """Gives those of the present leases that are lost.

        Args:
            leases: all that there are; a renewed one is another.
            now: by the database's clock.
            steady_seconds: by a clock that never jumps; its zero does not matter.
        """
        has_watched = self._looked_at is not None and steady_seconds - self._looked_at <= self._longest_gap
        before = self._first_seen if has_watched else {}
        self._looked_at = steady_seconds
        self._first_seen = {lease: before.get(lease, steady_seconds) for lease in leases}
        return [
            lease
            for lease, seen in self._first_seen.items()
            if self._is_lost(lease.until, now, timedelta(seconds=steady_seconds - seen))
        ]

    def _is_lost(self, until: datetime | None, now: datetime, unchanged: timedelta) -> bool:
        if until is None or until < now:
            return unchanged >= self._patience
        return until > now + self._length and unchanged >= self._length
