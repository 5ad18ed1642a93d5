"""Runs that do nothing or only wait, so that what is measured is the way to them and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, BinaryIO

# The fork server loads what it does for real jobs.
from service.worker import preloaded

__all__ = ["NoOpRun", "preloaded"]


class NoOpRun:
    """Answers nothing, after `resolved["seconds"]` of steps of a tenth of a second."""

    def __init__(
        self, resolved: Mapping[str, Any], table: BinaryIO, types: Mapping[str, str], checkpoint: bytes | None
    ) -> None:
        self._steps = round(10 * float(resolved.get("seconds", 0)))
        self.result: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[SimpleNamespace]:
        for step in range(self._steps):
            time.sleep(0.1)
            yield SimpleNamespace(type="metric", data={"step": step}, progress={"step": step}, stage_ended=False)
        self.result = {}

    def checkpoint(self) -> bytes:
        return b"{}"
