"""fast-kan: Gaussian bumps instead of splines; from a checkout, PyPI has none."""

from __future__ import annotations

from pathlib import Path

from peers.timing import Array, TimedBench
from peers.torch_model import TorchModel, load_file

DEGREE = 3


def bench(variant: str, path: str | None) -> TimedBench:
    """Gives the bench; as many bumps as a spline of the same grid has coefficients."""
    if path is None:
        raise ModuleNotFoundError("not on PyPI: --peer fast-kan=/path/to/checkout")
    network = load_file(Path(path) / "fastkan" / "fastkan.py").FastKAN

    def build(widths: list[int], grid: int, x: Array, y: Array) -> TorchModel:
        return TorchModel(network(widths, num_grids=grid + DEGREE), x, y)

    return TimedBench(build)
