"""Processes whose parent ended before they were ready end as well; nobody else would stop them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

_DEADLINE_SECONDS = 20.0
_START_AND_LEAVE = """
import os, subprocess, sys
command = [sys.executable, "-m", "service.worker", "--supervised", str(os.getpid())]
print(subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True).pid)
"""


def assert_ends(pid: int) -> None:
    """Waits for the end of a process that may have ended already."""
    try:
        psutil.Process(pid).wait(_DEADLINE_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        psutil.Process(pid).kill()
        raise AssertionError("the orphan went on") from None


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "KAN_DATABASE_URL": url}


def test_worker_whose_parent_ended_before_it_was_ready_ends(sqlite_url: str) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", _START_AND_LEAVE], env=environment(sqlite_url), stdout=subprocess.PIPE, check=True
    )
    assert_ends(int(parent.stdout))


def test_worker_whose_parent_is_not_the_expected_one_says_why_it_ends(sqlite_url: str) -> None:
    command = [sys.executable, "-m", "service.worker", "--supervised", str(os.getppid())]
    done = subprocess.run(
        command, env=environment(sqlite_url), capture_output=True, text=True, timeout=_DEADLINE_SECONDS, check=False
    )
    assert done.returncode == 1
    assert "the parent process ended" in done.stderr


def test_training_process_whose_worker_ended_before_it_was_ready_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.service.worker.late_child", str(tmp_path)]
    with (tmp_path / "log").open("wb") as log:
        subprocess.run(command, stderr=log, timeout=_DEADLINE_SECONDS, check=False)
    assert_ends(int((tmp_path / "pid").read_text()))
    assert "the parent process ended" in (tmp_path / "log").read_text()
