"""pykan: its step without the symbolic branch, and its grid-extension recipe, adapted."""

from __future__ import annotations

import contextlib
import tempfile

import numpy as np
import torch
from tasks import TASKS

from kan import KAN
from peers.clock import Finished, LevelClock
from peers.timing import Array, TimedBench
from peers.torch_model import TorchModel

# Adapted: its Example 1 goes 3, 10, 20, 50, 100 with 200 steps each (20 in the first cells).
GRIDS = (3, 5, 10, 20, 50)
# It appends to a history there even when asked to save nothing.
CHECKPOINTS = tempfile.TemporaryDirectory()


def bench(variant: str, path: str | None) -> PykanBench:
    """Gives the bench."""
    torch.set_num_threads(1)
    return PykanBench(_build)


class PykanBench(TimedBench):
    """Times steps, and trains until levels are reached."""

    def train(
        self, task: str, widths: list[int], seed: int, levels: list[float], limit_seconds: float, steps: int = 50
    ) -> dict[str, object]:
        """Runs the recipe: LBFGS on all rows, `update_grid` as by default, float64 as in its `hellokan`."""
        torch.set_default_dtype(torch.float64)
        np.random.seed(seed)
        x, y, test_x, test_y = (torch.from_numpy(part) for part in TASKS[task].rows(seed))
        # Its own look at the test rows at each step would be on the clock: ten rows cost nothing.
        data = {"train_input": x, "train_label": y, "test_input": test_x[:10], "test_label": test_y[:10]}
        clock = LevelClock(levels, limit_seconds)
        model = _network(widths, GRIDS[0], seed)

        def rmse() -> torch.Tensor:
            with torch.no_grad():
                clock.look(lambda: float((model(test_x) - test_y).square().mean().sqrt()))
            return torch.zeros(())

        with contextlib.suppress(Finished):
            for grid in GRIDS:
                model = model if grid == GRIDS[0] else model.refine(grid)
                model.fit(data, opt="LBFGS", steps=steps, metrics=(rmse,))
        torch.set_default_dtype(torch.float32)
        return clock.result()


def _build(widths: list[int], grid: int, x: Array, y: Array) -> TorchModel:
    model = _network(widths, grid, seed=0)
    model.speed()
    return TorchModel(model, x, y)


def _network(widths: list[int], grid: int, seed: int) -> KAN:
    return KAN(width=list(widths), grid=grid, k=3, seed=seed, auto_save=False, ckpt_path=CHECKPOINTS.name)
