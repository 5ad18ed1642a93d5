"""inkan: with torch.compile, its default, or eager."""

from __future__ import annotations

import torch
from inkan import KANNetwork

from peers.timing import Array, TimedBench
from peers.torch_model import TorchModel


def bench(variant: str, path: str | None) -> TimedBench:
    """Gives the bench; variants "compiled" and "eager"."""

    def build(widths: list[int], grid: int, x: Array, y: Array) -> TorchModel:
        # Else the next shape would be compiled for any number of rows, which is slower code.
        torch.compiler.reset()
        return TorchModel(KANNetwork(widths, grid_size=grid, compile_basis=variant == "compiled"), x, y)

    return TimedBench(build)
