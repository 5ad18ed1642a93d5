"""A process that watches its parent is gone soon after it."""

import subprocess
import sys
import time

import psutil

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
