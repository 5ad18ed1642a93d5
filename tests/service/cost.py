"""What a refusal costs this process: CPU seconds, and memory above that at the start, whoever took it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

tells_peak = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the kernel does not tell the peak"
)


def peak_kibibytes() -> int:
    """Gives the most memory that this process had since the mark was last moved down."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


class Cost:
    """CPU seconds, and memory above that at the start, of what happens within."""

    def __enter__(self) -> Cost:
        Path("/proc/self/clear_refs").write_text("5")
        self._before, self._began = peak_kibibytes(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self._began
        self.mebibytes = (peak_kibibytes() - self._before) / 1024
