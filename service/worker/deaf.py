"""Imported by the fork server alone: neither it nor a training process ends by a signal that is meant for the worker.

A service manager, a shutdown of the machine and `kill` of a process group ask every process at once. The worker decides
what that means: it lets the step end and keeps a checkpoint. It ends what is left by SIGKILL, as its own end does.
"""

from __future__ import annotations

import signal

# Both are inherited by what is forked.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
