"""A process that watches its parent is gone soon after it."""

import os
import subprocess
import sys
import time

import psutil

from kan.kernels.native.parent import VARIABLE

CHILD = "import signal; from kan.kernels.native.parent import end_with_parent; end_with_parent(); print(1, flush=True)"
# Starts the child, hands its number on when the child watches, and waits to be killed.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""
DEADLINE_SECONDS = 20.0


def has_ended(pid: int) -> bool:
    """Nobody may have asked yet how a process ended: then it is a zombie."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_process_ends_after_its_parent_was_killed() -> None:
    child_code = CHILD + "; signal.pause()"
    with subprocess.Popen([sys.executable, "-c", PARENT, child_code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not has_ended(child)
        parent.kill()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not has_ended(child):
        assert time.monotonic() < deadline, "the child outlived its parent"


def test_a_child_whose_parent_was_gone_before_it_looked_ends_too() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    environment = {**os.environ, VARIABLE: str(gone.pid)}
    child = subprocess.run([sys.executable, "-c", CHILD + "; signal.pause()"], env=environment, timeout=60, check=False)
    assert child.returncode == 1
