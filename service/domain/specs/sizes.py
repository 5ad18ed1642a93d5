"""How much memory and time a recipe takes, before any of it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kan.config import Average, Choose, Fit, NetworkConfig, Refine, Stage
from kan.cost import MEMBER_ROWS, Cost, training_cost
from kan.time_cost import Job, training_seconds
from service.domain.limits import Limits
from service.domain.specs.columns import Columns
from service.domain.specs.faults import invalid

VALIDATION_FRACTION = 0.2


@dataclass(frozen=True)
class Sizes:
    """What the shapes of network cost that a recipe may build.

    Attributes:
        costs: of each shape.
    """

    costs: Sequence[Cost]

    @property
    def largest(self) -> Cost:
        """Of the shape with the most parameters."""
        return max(self.costs, key=lambda cost: cost.parameters)

    @property
    def facts(self) -> dict[str, Any]:
        """As a resolved spec shows them."""
        memory = max(cost.memory_bytes for cost in self.costs)
        return {
            "parameters": self.largest.parameters,
            "optimizer": self.largest.optimizer,
            "memory_bytes": memory,
        }

    @property
    def reasons(self) -> list[str]:
        """Why which optimizer runs, the one of the largest shape that it runs for."""
        found = {cost.optimizer: cost.reason for cost in sorted(self.costs, key=lambda cost: cost.parameters)}
        return [f"optimizer {name}: {reason}" for name, reason in found.items()]


def sizes_of(config: NetworkConfig, recipe: Sequence[Stage], columns: Columns, rows: int, limits: Limits) -> Sizes:
    """Gives what a recipe costs.

    Args:
        config: the network that it begins with.
        recipe: its stages, as they will run.
        columns: what is learnt from what.
        rows: that are in memory.
        limits: that must hold.

    Raises:
        InvalidSpec: a network that is too large.
    """
    rows = min(rows, MEMBER_ROWS) if any(isinstance(stage, Choose) for stage in recipe) else rows
    shapes = _shapes(config, recipe)
    sizes = Sizes([training_cost(shape, columns.input_levels, columns.outputs, rows, by) for shape, by in shapes])
    _check_size(config, sizes.largest.parameters, sizes.facts["memory_bytes"], limits)
    return sizes


def expected_seconds(config: NetworkConfig, recipe: Sequence[Stage], columns: Columns, rows: float) -> float:
    """Gives the seconds of one core, to the two digits that a guess is worth."""
    learnt = int(rows * (1 - VALIDATION_FRACTION))
    job = Job(tuple(columns.input_levels), columns.outputs, learnt, columns.task == "classification")
    return float(f"{training_seconds(config, recipe, job):.2g}")


def _shapes(config: NetworkConfig, recipe: Sequence[Stage]) -> list[tuple[NetworkConfig, str]]:
    """Gives every shape that the recipe may build, as far as it is known beforehand, and the optimizer asked for."""
    shapes: list[tuple[NetworkConfig, str]] = []
    for stage in recipe:
        if isinstance(stage, Choose):
            pairs = [(hidden, grid) for hidden in stage.hidden for grid in stage.grids]
            found = [
                replace(config, hidden=(hidden,) if hidden else (), grid=grid, base="zero") for hidden, grid in pairs
            ]
            shapes += [(shape, "auto") for shape in found]
            config = max(found, key=lambda shape: sum(shape.hidden) * (shape.grid + shape.degree))
        elif isinstance(stage, Average):
            config = replace(config, hidden=tuple(width * stage.members for width in config.hidden), base="zero")
            shapes.append((config, "auto"))
        elif isinstance(stage, Refine):
            config = replace(config, grid=stage.grid)
            shapes.append((config, "auto"))
        else:
            shapes.append((config, stage.optimizer if isinstance(stage, Fit) else "auto"))
    return shapes


def _check_size(config: NetworkConfig, parameters: int, memory_bytes: int, limits: Limits) -> None:
    if parameters > limits.max_parameters:
        message = f"the network would have {parameters:,} parameters; the limit is {limits.max_parameters:,}"
        raise invalid("/network", "too_many_parameters", message)
    if max(config.sums(0)) > limits.max_width:
        message = f"expected layers of at most {limits.max_width:,} sums; this would make {parameters:,} parameters"
        raise invalid("/network/hidden", "too_wide", message)
    if memory_bytes > limits.max_training_bytes:
        message = f"training would take {memory_bytes:,} bytes; the limit is {limits.max_training_bytes:,}"
        raise invalid("/network", "too_much_memory", message)
