"""Training runs that are quick and exact: they sum numbers instead of fitting a network."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from service.domain.trained_model import TrainingMoment


@dataclass
class Update:
    type: str
    data: dict[str, Any]
    progress: dict[str, Any]
    stage_ended: bool = False


@dataclass
class Result:
    model: bytes
    split: bytes
    metrics: dict[str, Any]
    signature: dict[str, Any]
    outcome: str
    train_seconds: float
    term_means: list[list[float]] | None = None
    residuals: list[dict[str, Any]] | None = None
    change: dict[str, Any] | None = None


class FakeRun:
    """Walks a chain of hashes, a step each; the result depends on every step, so a lost or doubled one shows.

    `resolved`: steps, step_seconds, stage_steps; `kill_at` ends the process by SIGKILL at that step, `hang_at` hangs;
    `eat` is the memory that each step takes and keeps; `score_seconds`, how long the scores of the result take.
    """

    def __init__(
        self,
        resolved: dict[str, Any],
        table: BinaryIO,
        column_types: dict[str, str],
        checkpoint: bytes | None,
        start: bytes | None = None,
        split: bytes | None = None,
    ) -> None:
        self._spec = resolved
        begun = hashlib.sha256(table.read() + (start or b""))
        saved: dict[str, Any] = json.loads(checkpoint) if checkpoint else {"step": 0, "digest": begun.hexdigest()}
        self._first = int(saved["step"])
        self._step = int(saved["step"])
        self._digest = str(saved["digest"])
        self._eaten: list[bytes] = []
        self.result: Result | None = None

    def __iter__(self) -> Iterator[Update]:
        steps = int(self._spec["steps"])
        if self._spec.get("raise"):
            raise ValueError("a defect")
        while self._step < steps:
            self._misbehave()
            self._eaten.append(b"x" * int(self._spec.get("eat", 0)))
            if self._spec.get("step_seconds"):
                time.sleep(float(self._spec["step_seconds"]))
            self._digest = hashlib.sha256(self._digest.encode()).hexdigest()
            self._step += 1
            progress = {"step": self._step, "steps": steps, "fraction": self._step / steps}
            ended = self._step % int(self._spec.get("stage_steps", steps)) == 0
            yield Update("metric", {"step": self._step, "train_loss": 1.0 / self._step}, progress, ended)
        self.result = self._trained()

    def checkpoint(self) -> bytes:
        return json.dumps({"step": self._step, "digest": self._digest}).encode()

    def moment(self) -> TrainingMoment:
        ended = self._step % int(self._spec.get("stage_steps", self._spec["steps"])) == 0
        stage = -(-self._step // int(self._spec.get("stage_steps", self._spec["steps"])))
        return TrainingMoment(self._digest.encode(), stage, "walk", ended, self._step, None, 1.0 / self._step)

    def finish_early(self) -> Result | None:
        return self._trained() if self._spec.get("has_best") else None

    def _trained(self) -> Result:
        time.sleep(float(self._spec.get("score_seconds", 0.0)))
        metrics = {"train": {"rmse": 0.5, "not_finite": float("nan")}}
        signature: dict[str, Any] = {"inputs": [], "outputs": []}
        return Result(self._digest.encode(), b"\0", metrics, signature, "converged", 0.1)

    def _misbehave(self) -> None:
        if self._step == self._spec.get("kill_at") and self._step - self._first >= int(self._spec.get("alive", 0)):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._step == self._spec.get("hang_at"):
            time.sleep(600)
