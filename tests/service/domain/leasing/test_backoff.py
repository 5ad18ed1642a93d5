"""Waits between attempts grow, up to a limit."""

from __future__ import annotations

from datetime import timedelta

from service.domain.leasing.backoff import Backoff


def test_lost_attempt_waits_longer_each_time() -> None:
    waits = [Backoff(1.0, 60.0, 0.0).after(attempt).total_seconds() for attempt in (0, 1, 2, 3, 20)]
    assert waits == [0.0, 0.5, 1.0, 2.0, 30.0]
    assert Backoff(1.0, 60.0, 0.999).after(1) < timedelta(seconds=1)
