"""Looks for formulas by preset `interpretable`, the way a training job of a table does."""

from __future__ import annotations

import time

import numpy as np
import torch

from kan.config import NetworkConfig
from kan.errors import NotSymbolic
from kan.formulas.building import formulas
from kan.presets import preset_recipe
from kan.table_training import TableTask, TableTraining


def bench(variant: str, path: str | None) -> OurFormulas:
    """Gives the bench."""
    torch.set_num_threads(1)
    return OurFormulas()


class OurFormulas:
    """Trains on a table and writes the formula."""

    def formula(
        self, names: list[str], x: list[list[float]], y: list[float], seed: int, limit_seconds: float
    ) -> dict[str, object]:
        """Gives the formula's text, None where splines are left, and CPU seconds; the recipe knows no clock."""
        started = time.process_time()
        table = {name: np.array(column) for name, column in zip(names, np.transpose(x), strict=True)}
        recipe = preset_recipe("interpretable", search=True)
        task = TableTask(tuple(names), ("target",), "regression", recipe, NetworkConfig(), seed, test_fraction=0.0)
        run = TableTraining({**table, "target": np.array(y)}, task).run()
        while True:
            try:
                next(run)
            except StopIteration as stop:
                state = stop.value.state
                break
        try:
            text = formulas(state)[0].written("text")
        except NotSymbolic:
            text = None
        return {"formula": text, "seconds": time.process_time() - started}
