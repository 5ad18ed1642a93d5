"""Plain torch MLPs with SiLU: of the same shape, or widened to as many parameters as the KAN has."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from peers.timing import Array, TimedBench
from peers.torch_model import TorchModel

DEGREE = 3


def bench(variant: str, path: str | None) -> TimedBench:
    """Gives the bench; variants "shape" and "parameters"."""

    def build(widths: list[int], grid: int, x: Array, y: Array) -> TorchModel:
        return TorchModel(_mlp(widths if variant == "shape" else widened(widths, grid)), x, y)

    return TimedBench(build)


def widened(widths: list[int], grid: int) -> list[int]:
    """Gives the least wide MLP, hidden layers in proportion, with at least the parameters of the KAN."""
    wanted = sum(a * b * (grid + DEGREE + 1) for a, b in pairwise(widths))
    hidden = widths[1:-1]
    least = min(hidden)
    size = least
    while True:
        wider = [widths[0], *(round(width * size / least) for width in hidden), widths[-1]]
        if sum((a + 1) * b for a, b in pairwise(wider)) >= wanted:
            return wider
        size += 1


def _mlp(widths: list[int]) -> nn.Module:
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
