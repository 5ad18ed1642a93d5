"""Our own side of every comparison, in a process like the peers'."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from tasks import TASKS

from kan import Kan
from kan.compiled_predictor import Predictor
from kan.journal import Journal
from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.kernels.cpu.losses import SQUARED
from kan.kernels.native.compiling import KERNELS
from kan.losses import SquaredError
from kan.presets import preset_recipe
from kan.problem import Problem
from kan.split import split_rows
from kan.stages.recipe import run_recipe
from kan.stages.work import Work, unpack_network
from peers.clock import Finished, LevelClock
from peers.timing import Array, TimedBench


def bench(variant: str, path: str | None) -> OurBench:
    """Gives the bench; variants "float64" (the default) and "float32" are what both step and predictor count in."""
    torch.set_num_threads(1)
    KERNELS.wait()
    return OurBench(partial(OurModel, variant or "float64"))


class OurBench(TimedBench):
    """Times steps and predictions, and trains until levels are reached."""

    def train(
        self, task: str, widths: list[int], seed: int, levels: list[float], limit_seconds: float, preset: str
    ) -> dict[str, object]:
        """Runs what `kan.fit(Kan(widths), x, y, preset=preset, seed=seed)` runs, and looks after each step."""
        x, y, test_x, test_y = (torch.from_numpy(part) for part in TASKS[task].rows(seed))
        mean, std = y.mean(0), y.std(0, correction=0)
        parts = split_rows(np.ones(len(x), dtype=bool), test_fraction=0.0, validation_fraction=0.2, seed=seed)
        problem = Problem(x, (y - mean) / std, parts, SquaredError(), (None,) * x.shape[1], 1, seed, raw_inputs=True)
        work, journal = Work(problem, Kan(widths, seed=seed).config), Journal()
        clock = LevelClock(levels, limit_seconds)

        def rmse(network: Kan) -> float:
            with torch.no_grad():
                return float((mean + std * network(test_x) - test_y).square().mean().sqrt())

        def rmse_in_hand() -> float:
            in_hand = journal.network_in_hand
            return rmse(unpack_network(work, in_hand())) if in_hand is not None else float("inf")

        with contextlib.suppress(Finished):
            run = run_recipe(work, preset_recipe(preset, search=False), journal)
            final = _watched(run, lambda: clock.look(rmse_in_hand))
            clock.look(lambda: rmse(final.network))
        return clock.result()


def _watched(run: object, look: Callable[[], None]) -> Work:
    while True:
        try:
            next(run)  # type: ignore[call-overload]
        except StopIteration as stop:
            return stop.value
        look()


class OurModel:
    """A network with its rows: the kernels that train it on the CPU, and the predictor that serves."""

    def __init__(self, dtype: str, widths: list[int], grid: int, x: Array, y: Array) -> None:
        state = Kan(widths, grid=grid).state()
        self._x, self._y = x.astype(dtype), y.astype(dtype)
        self._predictor, self._trained = Predictor(state, dtype), CpuNetwork(state, dtype)

    def step(self) -> None:
        """Forward, squared error, gradients of all parameters: what Adam and L-BFGS do before they move."""
        self._trained.loss_gradient(SQUARED, self._x, self._y)

    def predict(self) -> Array:
        """The serving path, without torch."""
        return self._predictor.evaluate(self._x)
