"""A torch module as a model to time: the same step for every library that is built on torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from peers.timing import Array


class TorchModel:
    """A module with its rows, one thread."""

    def __init__(self, module: nn.Module, x: Array, y: Array) -> None:
        torch.set_num_threads(1)
        # To a peer's advantage: fast-kan's bumps far away are denormal numbers, up to 25 times slower.
        torch.set_flush_denormal(True)
        self._module, self._x, self._y = module, torch.from_numpy(x), torch.from_numpy(y)

    def step(self) -> None:
        """Forward, mean squared error, gradients of all parameters."""
        self._module.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(self._module(self._x), self._y).backward()

    def predict(self) -> torch.Tensor:
        """Forward without a graph."""
        self._module.eval()
        with torch.no_grad():
            return self._module(self._x)


def load_file(path: Path) -> ModuleType:
    """Gives the module in one file of a package, without running the package's own imports."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
