"""A process is ended when it has more memory of its own than it may, and only then."""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path

import psutil
import pytest

from service.worker import memory
from service.worker.memory import MemoryWatch, machine_bytes, memory_limit, own_bytes

DEADLINE_SECONDS = 30.0
MEGABYTE = 1_000_000


def test_own_memory_grows_with_what_is_taken_and_not_with_files() -> None:
    before = own_bytes(os.getpid())
    # Pages of its own: the C library might give what others have freed.
    taken = mmap.mmap(-1, 50 * MEGABYTE)
    taken.write(b"x" * len(taken))
    assert abs(own_bytes(os.getpid()) - before - len(taken)) < 20 * MEGABYTE
    assert own_bytes(os.getpid()) <= psutil.Process().memory_full_info().rss


def test_process_that_has_ended_has_none() -> None:
    assert own_bytes(2**22 + 1) == 0


def test_process_beyond_its_limit_is_ended_once() -> None:
    ended = threading.Event()
    with MemoryWatch(os.getpid(), MEGABYTE, ended.set) as watch:
        assert ended.wait(DEADLINE_SECONDS)
    assert watch.is_exceeded


def test_process_within_its_limit_is_left_alone() -> None:
    def end() -> None:
        raise AssertionError

    with MemoryWatch(os.getpid(), 2**50, end) as watch:
        pass
    assert not watch.is_exceeded


def test_limit_is_as_set_or_three_quarters_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1000)
    assert memory_limit(7) == 7
    assert memory_limit(0) == 750


def test_container_counts_where_it_has_less_than_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [tmp_path / "unlimited", tmp_path / "missing", tmp_path / "small"]
    limits[0].write_text("max\n")
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", limits)
    assert machine_bytes() == psutil.virtual_memory().total
    limits[2].write_text("123456789\n")
    assert machine_bytes() == 123_456_789
