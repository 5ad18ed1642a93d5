"""efficient-kan: from a checkout, or the copy of its layer that PyPI's stkan carries."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path

from torch import nn

from peers.timing import Array, TimedBench
from peers.torch_model import TorchModel, load_file


def bench(variant: str, path: str | None) -> TimedBench:
    """Gives the bench; a whole network is its layers in a row, as in efficient-kan's own `KAN`."""
    layer = load_file(_source(path)).KANLinear

    def build(widths: list[int], grid: int, x: Array, y: Array) -> TorchModel:
        layers = (layer(a, b, grid_size=grid) for a, b in pairwise(widths))
        return TorchModel(nn.Sequential(*layers), x, y)

    return TimedBench(build)


def _source(path: str | None) -> Path:
    if path is not None:
        return Path(path) / "src" / "efficient_kan" / "kan.py"
    spec = importlib.util.find_spec("stkan")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("not installed: --peer efficient-kan=/path/to/checkout")
    return Path(spec.origin).parent / "kan.py"
