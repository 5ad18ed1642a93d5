"""What killed workers leave in the temporary folder goes with the next worker's start; nobody else's does."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from service.worker.temporary import remove_abandoned
from tests.service.worker.test_loop import assert_succeeded_once

if TYPE_CHECKING:
    from tests.service.worker.conftest import Bench


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: a socket is to be in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def age(folder: Path) -> None:
    os.utime(folder, (0, 0))


def make(place: Path, name: str) -> Path:
    folder = place / name
    (folder / "pymp-x").mkdir(parents=True)
    age(folder)
    return folder


def test_abandoned_folder_goes_and_those_in_use_young_or_of_others_stay(place: Path) -> None:
    abandoned, in_use, young, other = (make(place, name) for name in ("kanw-a", "kanw-b", "kanw-c", "pymp-d"))
    os.utime(young)
    (place / "kanw-e").symlink_to(other)
    handle = os.open(in_use, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    remove_abandoned(place)
    os.close(handle)
    assert not abandoned.exists()
    assert {each.name for each in place.iterdir()} == {in_use.name, young.name, other.name, "kanw-e"}
    assert (other / "pymp-x").exists()


def test_killed_worker_leaves_a_folder_and_the_next_one_removes_it_and_at_its_end_its_own(
    bench: Bench, place: Path
) -> None:
    first = bench.start_worker(TMPDIR=str(place))
    assert_succeeded_once(bench, bench.submit(steps=2), 2)
    (left,) = place.iterdir()
    first.kill()
    first.wait()
    age(left)
    second = bench.start_worker(TMPDIR=str(place))
    assert_succeeded_once(bench, bench.submit(steps=2), 2)
    (own,) = place.iterdir()
    assert own != left
    second.terminate()
    assert second.wait(20) == 0
    assert list(place.iterdir()) == []
