"""Functions to learn: by depth, and for three layers those that presets were tuned on apart from those reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
ROWS = 1000


@dataclass(frozen=True)
class Task:
    """A function on a box and a shape that can express it (or a common one).

    Attributes:
        kind: "shallow" (one or two layers), "tuned" or "reported" (three layers).
        function: (columns, rows) to (rows,).
        box: (low, high) per input.
    """

    kind: str
    widths: tuple[int, ...]
    function: Callable[[Array], Any]
    box: tuple[tuple[float, float], ...]

    def rows(self, seed: int, rows: int = ROWS) -> tuple[Array, Array, Array, Array]:
        """Gives inputs and targets to train on, inputs and targets to test on, `rows` rows each."""
        low, high = np.array(self.box).T
        x = np.random.default_rng(seed).uniform(low, high, (2 * rows, len(self.box)))
        y = np.asarray(self.function(x.T), dtype=np.float64)[:, None]
        return x[:rows], y[:rows], x[rows:], y[rows:]


def _unit(inputs: int) -> tuple[tuple[float, float], ...]:
    return ((-1.0, 1.0),) * inputs


def _exp_sin(x: Array) -> Array:
    return np.asarray(np.exp(np.sin(np.pi * x[0]) + x[1] ** 2))


def _deep(x: Array) -> Array:
    return np.asarray(np.exp((np.sin(np.pi * (x[0] ** 2 + x[1] ** 2)) + np.sin(np.pi * (x[2] ** 2 + x[3] ** 2))) / 2))


def _two_tops(x: Array) -> Array:
    first, second = x[0] + x[1] ** 2, np.sin(2 * x[2])
    return np.asarray(np.sin(first**2 + second) + np.tanh(np.sin(first) + second**2))


def _log_of_three(x: Array) -> Array:
    return np.asarray(np.log(1 + (x[0] + x[1]) ** 2 + np.exp(x[1] ** 2 - x[2]) + np.sin(np.pi * x[3]) ** 2))


TASKS = {
    "J0(20x)": Task("shallow", (1, 1), lambda x: special.j0(20 * x[0]), _unit(1)),
    "exp(sin(pi x)+y^2)": Task("shallow", (2, 1, 1), _exp_sin, _unit(2)),
    "exp(sin(pi x)+y^2), wide": Task("shallow", (2, 5, 1), _exp_sin, _unit(2)),
    "x y": Task("shallow", (2, 2, 1), lambda x: x[0] * x[1], _unit(2)),
    "sn(u, m)": Task("shallow", (2, 5, 1), lambda x: special.ellipj(x[0], x[1])[0], ((0.0, 4.0), (0.0, 0.9))),
    "Re Y22": Task(
        "shallow", (2, 5, 1), lambda x: special.sph_harm_y(2, 2, x[0], x[1]).real, ((0.0, np.pi), (0.0, 2 * np.pi))
    ),
    "deep of four squares": Task("tuned", (4, 2, 1, 1), _deep, _unit(4)),
    "Gaussian I.6.2": Task(
        "tuned",
        (2, 2, 1, 1),
        lambda x: np.exp(-(x[0] ** 2) / (2 * x[1] ** 2)) / np.sqrt(2 * np.pi * x[1] ** 2),
        ((-1.0, 1.0), (0.5, 2.0)),
    ),
    "sin(3 x y)": Task("reported", (2, 2, 1, 1), lambda x: np.sin(3 * x[0] * x[1]), _unit(2)),
    "cos(sqrt(1+x^2+y^2) exp(z/2))": Task(
        "reported",
        (3, 2, 1, 1),
        lambda x: np.cos(np.sqrt(1 + x[0] ** 2 + x[1] ** 2) * np.exp(x[2] / 2)),
        _unit(3),
    ),
    "bell of two curves": Task(
        "reported",
        (4, 2, 1, 1),
        lambda x: np.exp(-((x[0] - np.sin(np.pi * x[1])) ** 2 + (x[2] + x[3] ** 2) ** 2) / 2),
        _unit(4),
    ),
    "sin and tanh on two nodes": Task("reported", (3, 2, 2, 1), _two_tops, _unit(3)),
    "log of three nodes": Task("reported", (4, 3, 1, 1), _log_of_three, _unit(4)),
}
