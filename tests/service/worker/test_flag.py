"""A flag stays raised until it is lowered, for all who wait, and may be raised by a signal handler."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from multiprocessing.connection import wait

import pytest

from service.worker.flag import Flag


@pytest.fixture
def flag() -> Iterator[Flag]:
    flag = Flag()
    yield flag
    flag.close()


def test_flag_is_down_at_first(flag: Flag) -> None:
    assert not flag.is_set()
    assert not flag.wait(0)


def test_raised_flag_stays_up_for_all_who_look(flag: Flag) -> None:
    flag.set()
    flag.set()
    assert flag.wait(30)
    assert flag.is_set()
    assert wait([flag.fileno()], 30) == [flag.fileno()]


def test_cleared_flag_is_down_however_often_it_was_raised(flag: Flag) -> None:
    for _ in range(10_000):
        flag.set()
    flag.clear()
    assert not flag.is_set()
    flag.clear()
    assert not flag.is_set()


def test_more_signals_than_the_pipe_holds_do_not_block(flag: Flag) -> None:
    for _ in range(100_000):
        flag.set()
    assert flag.is_set()


def test_signal_handler_ends_the_wait_of_its_own_thread(flag: Flag) -> None:
    former = signal.signal(signal.SIGALRM, lambda *_: flag.set())
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert flag.wait(30)
    signal.signal(signal.SIGALRM, former)
