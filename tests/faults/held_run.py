"""A run that stands still at named phases until its test lets it go on, so that a fault hits the phase it is for."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tests.service.worker.fake_run import FakeRun, Update

CLAIMED, FIRST_STEP, CHECKPOINT, SENT, RESULT = "claimed", "first_step", "checkpoint", "sent", "result"
# A gate that takes the rest out of the steps that follow.
HURRY = "hurry"
_LONGEST_WAIT_SECONDS = 120.0


class Gates:
    """Files in a folder by which a run and its test speak: the run says `here`, the test says `go`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def come_by(self, phase: str) -> None:
        # A run whose worker was cut off may come by at the same moment as the one that goes on elsewhere.
        part = self._folder / f"{phase}.{os.getpid()}"
        part.write_text(str(os.getpid()))
        part.rename(self._folder / f"{phase}.here")

    def is_here(self, phase: str) -> bool:
        return (self._folder / f"{phase}.here").exists()

    def pid(self, phase: str) -> int:
        """Gives the process that came by last."""
        return int((self._folder / f"{phase}.here").read_text())

    def let_go(self, phase: str) -> None:
        (self._folder / f"{phase}.go").touch()

    def may_go(self, phase: str) -> bool:
        return (self._folder / f"{phase}.go").exists()


class HeldRun(FakeRun):
    """FakeRun's chain of hashes with gates.

    `resolved`, beside FakeRun's: `folder` of the gates; `hold`, the phases to wait at; `checkpoint_bytes`, how large a
    checkpoint is; `signal` with `signal_at`, the step at which the process sends it to itself, once per folder.
    """

    def __init__(
        self,
        resolved: dict[str, Any],
        table: BinaryIO,
        column_types: dict[str, str],
        checkpoint: bytes | None,
        **beginning: bytes,
    ) -> None:
        saved = checkpoint.partition(b"\n")[0] if checkpoint else None
        super().__init__(resolved, table, column_types, saved, **beginning)
        self._gates = Gates(Path(resolved["folder"]))
        self._has_sent = False
        self._pass(CLAIMED)

    def __iter__(self) -> Iterator[Update]:
        self._pass(FIRST_STEP)
        for update in super().__iter__():
            yield update
            if self._has_sent:
                self._gates.come_by(SENT)
            if self._gates.may_go(HURRY):
                self._spec = {**self._spec, "step_seconds": 0.0}
            self._send_signal()
        self._pass(RESULT)

    def checkpoint(self) -> bytes:
        self._pass(CHECKPOINT)
        self._has_sent = True
        padding = hashlib.shake_256(self._digest.encode()).digest(int(self._spec.get("checkpoint_bytes", 0)))
        return super().checkpoint() + b"\n" + padding

    def _pass(self, phase: str) -> None:
        self._gates.come_by(phase)
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        while phase in self._spec.get("hold", ()) and not self._gates.may_go(phase):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody opened {phase}")
            time.sleep(0.01)

    def _send_signal(self) -> None:
        if self._step == self._spec.get("signal_at") and not self._gates.may_go("signalled"):
            self._gates.let_go("signalled")
            os.kill(os.getpid(), int(self._spec["signal"]))
