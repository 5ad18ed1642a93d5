"""A caller has so many requests a minute, refilled steadily, and so many at once."""

from __future__ import annotations

import pytest

from service.domain.access.access_errors import Overloaded, TooManyAtOnce, TooManyRequests
from service.domain.access.quotas import Allowance, Quota


class Clock:
    seconds = 0.0

    def __call__(self) -> int:
        return int(self.seconds * 1e9)


def test_requests_of_a_minute_are_counted_down_and_refilled() -> None:
    clock = Clock()
    quota = Quota(3, 0, clock=clock)
    assert [quota.enter("a") for _ in range(3)] == [Allowance(3, 2, 20), Allowance(3, 1, 40), Allowance(3, 0, 60)]
    with pytest.raises(TooManyRequests) as caught:
        quota.enter("a")
    assert caught.value.retry_after_seconds == 20
    clock.seconds = 19.0
    with pytest.raises(TooManyRequests) as caught:
        quota.enter("a")
    assert caught.value.retry_after_seconds == 1
    clock.seconds = 20.0
    assert quota.enter("a") == Allowance(3, 0, 60)
    clock.seconds = 500.0
    assert quota.enter("a") == Allowance(3, 2, 20)


def test_one_caller_takes_nothing_from_another() -> None:
    quota = Quota(1, 1)
    quota.enter("a")
    quota.enter("b")
    with pytest.raises(TooManyAtOnce):
        quota.enter("a")


def test_requests_at_once_are_counted_until_they_leave() -> None:
    quota = Quota(0, 2, Overloaded)
    assert quota.enter("a") is None
    quota.enter("a")
    with pytest.raises(Overloaded):
        quota.enter("a")
    quota.leave("a")
    quota.enter("a")


def test_refused_request_costs_no_allowance() -> None:
    quota = Quota(10, 1)
    quota.enter("a")
    for _ in range(20):
        with pytest.raises(TooManyAtOnce):
            quota.enter("a")
    quota.leave("a")
    allowance = quota.enter("a")
    assert allowance is not None
    assert allowance.remaining == 8


def test_zero_is_any_number() -> None:
    quota = Quota(0, 0)
    assert {quota.enter("a") for _ in range(10_000)} == {None}


def test_idle_callers_are_forgotten_and_open_ones_are_not() -> None:
    quota = Quota(0, 1)
    quota.enter("busy")
    for number in range(10_100):
        quota.enter(str(number))
        quota.leave(str(number))
    assert len(quota._usages) == 10_000
    with pytest.raises(TooManyAtOnce):
        quota.enter("busy")
