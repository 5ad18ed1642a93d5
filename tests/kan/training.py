"""Tables, small networks and short ways to train them, shared by the tests of training."""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from kan.checkpoint import dump
from kan.config import NetworkConfig, Stage
from kan.losses import Loss, SquaredError
from kan.network import Kan
from kan.presets import preset_recipe
from kan.problem import Problem
from kan.split import split_rows
from kan.table_training import TableResult, TableTask, TableTraining

Table = dict[str, NDArray[Any]]
T = TypeVar("T")


def a_table(rows: int = 60, seed: int = 0) -> Table:
    """Two numbers, a category with missing cells; number targets y and y2, a class target label."""
    generator = np.random.default_rng(seed)
    a, b = generator.uniform(-2, 2, rows), generator.normal(3.0, 10.0, rows)
    c = generator.choice(np.array(["red", "green", None], dtype=object), rows)
    y = np.sin(a) + 0.1 * b + np.where(c == "red", 1.0, 0.0)
    label = np.array(["high" if value > 0.5 else "low" for value in y], dtype=object)
    return {"a": a, "b": b, "c": c, "y": y, "y2": 1e6 * y, "label": label}


def a_task(
    recipe: Sequence[Stage] | None = None,
    *,
    inputs: Sequence[str] = ("a", "b", "c"),
    targets: Sequence[str] = ("y",),
    config: NetworkConfig | None = None,
    **options: Any,
) -> TableTask:
    """A task on `a_table`; without a recipe the quick search."""
    task = "classification" if tuple(targets) == ("label",) else "regression"
    stages = tuple(recipe) if recipe is not None else preset_recipe("quick", search=True)
    return TableTask(tuple(inputs), tuple(targets), task, stages, config or NetworkConfig((2,), grid=3), **options)


def finish(run: Generator[Any, None, T]) -> T:
    """Runs a generator to its end and gives what it returns."""
    while True:
        try:
            next(run)
        except StopIteration as stop:
            value: T = stop.value
            return value


def trained(table: Table, task: TableTask) -> TableResult:
    """Trains without interruption."""
    return finish(TableTraining(table, task).run())


def model_bytes(table: Table, task: TableTask) -> bytes:
    """The checkpoint of the trained model."""
    return dump(trained(table, task).state)


def randomised(network: Kan, seed: int = 1, size: float = 0.5) -> Kan:
    """Puts noise into every weight, so that no derivative is zero by chance."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.kan_layers:
            layer.weights.add_(size * torch.randn(layer.weights.shape, generator=generator, dtype=torch.float64))
    return network


def a_problem(
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    loss: Loss | None = None,
    input_levels: tuple[int | None, ...] | None = None,
    outputs: int = 1,
    validation: float = 0.2,
    raw_inputs: bool = False,
) -> Problem:
    """A problem without test rows."""
    parts = split_rows(np.ones(len(x), dtype=bool), test_fraction=0.0, validation_fraction=validation, seed=0)
    levels = input_levels or (None,) * x.shape[1]
    return Problem(x, y, parts, loss or SquaredError(), levels, outputs, seed=0, raw_inputs=raw_inputs)


def global_seeds() -> tuple[bytes, bytes]:
    """Where the global generators of torch and numpy stand."""
    state = np.random.get_state(legacy=False)
    return torch.get_rng_state().numpy().tobytes(), bytes(state["state"]["key"].tobytes())


def uniform(rows: int, columns: int, seed: int = 0, reach: float = 1.0) -> torch.Tensor:
    """(rows, columns) float64 in [-reach, reach]."""
    generator = torch.Generator().manual_seed(seed)
    return reach * (2 * torch.rand(rows, columns, generator=generator, dtype=torch.float64) - 1)
