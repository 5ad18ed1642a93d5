"""What an encoding is made of: one frozen record per network input and per target."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = Mapping[str, NDArray[Any]]

MISSING_LEVEL = "(missing)"
PRESENCE_LEVELS = ("present", "missing")


@dataclass(frozen=True)
class NumberInput:
    """A number column as one network input, u = (x - shift) / scale.

    Attributes:
        name: of the input, as shown.
        column: of the table.
        shift, scale: map the robust range of the training rows to [-1, 1].
        low, high: smallest and largest training value, in the user's units.
        fill: the training median, put where a value is missing; None = training had no missing value, none is accepted.
        floor, ceiling: what numbers below and above them count as, in the user's units: beyond the training range an
            edge goes on as a straight line that far and no further. None = without end.
    """

    name: str
    column: str
    shift: float
    scale: float
    low: float
    high: float
    fill: float | None = None
    floor: float | None = None
    ceiling: float | None = None

    @property
    def is_endless(self) -> bool:
        """Whether all numbers count as they are."""
        return self.floor is None and self.ceiling is None


@dataclass(frozen=True)
class LevelsInput:
    """A category column as one network input that holds the index of its level.

    Attributes:
        levels: in the order of their indices; MISSING_LEVEL among them = missing values are accepted.
        counts: training rows of each level.
    """

    name: str
    column: str
    levels: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class MissingInput:
    """Whether a number column has no value in this row: level 0 = present, 1 = missing."""

    name: str
    column: str


@dataclass(frozen=True)
class NumberOutput:
    """A number target, standardised by mean and std of the training rows (std 1 where it never changes)."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True)
class ClassOutput:
    """A class target: one network output (a logit) per class."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class BinaryOutput(ClassOutput):
    """A target of two classes: one network output, the logit of the second class."""


Input = NumberInput | LevelsInput | MissingInput
Output = NumberOutput | ClassOutput


@dataclass(frozen=True)
class Encoding:
    """How a table becomes the inputs of a network and its outputs become answers; kept with the network.

    Attributes:
        inputs: one per network input, in order.
        outputs: number targets, or one class target.
        dropped: (column, reason) of the inputs that were asked for and cannot be used.
        unused: columns none of whose inputs has an edge any more: a prediction does not need them.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The table columns that a prediction needs, each once, in order."""
        return tuple(dict.fromkeys(item.column for item in self.used_inputs))

    @property
    def used_inputs(self) -> tuple[Input, ...]:
        """The inputs of the columns that a prediction needs."""
        return tuple(item for item in self.inputs if item.column not in self.unused)

    @cached_property
    def output_scales(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means and standard deviations of the number targets, found once."""
        numbers = [item for item in self.outputs if isinstance(item, NumberOutput)]
        return np.array([item.mean for item in numbers]), np.array([item.std for item in numbers])

    @property
    def task(self) -> str:
        """Either "regression" or "classification"."""
        return "classification" if isinstance(self.outputs[0], ClassOutput) else "regression"

    @property
    def network_inputs(self) -> int:
        """Number of inputs of the network."""
        return len(self.inputs)

    @property
    def network_outputs(self) -> int:
        """Number of outputs of the network."""
        return len(self.output_names)

    @property
    def output_names(self) -> tuple[str, ...]:
        """A name per network output: the targets, or the classes; of two classes the second."""
        first = self.outputs[0]
        if isinstance(first, BinaryOutput):
            return first.classes[1:]
        return first.classes if isinstance(first, ClassOutput) else tuple(item.name for item in self.outputs)

    @property
    def input_levels(self) -> tuple[int | None, ...]:
        """The number of levels of each network input, None for a number."""
        return tuple(None if (levels := input_level_names(item)) is None else len(levels) for item in self.inputs)


def input_level_names(item: Input) -> tuple[str, ...] | None:
    """Gives the names of an input's levels, None for a number."""
    if isinstance(item, LevelsInput):
        return item.levels
    return PRESENCE_LEVELS if isinstance(item, MissingInput) else None
