"""The functions to be learnt: 81 and 12 held out, their boxes, samples of them, and the errors to be reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.expressions import evaluate

Array = NDArray[np.float64]

FOLDER = Path(__file__).resolve().parent
# Written down before formulas of any of them were looked for; nothing was chosen by what comes out.
HELD_OUT = "held_out"
SETS = ("toy", "special", "feynman")
TRAINING_ROWS = {"toy": 1000, "special": 3000, "feynman": 3000}
TEST_ROWS = 3000
TRAINING_SEED, TEST_SEED = 0, 1

# Not smooth, or of seven variables and more, or with a spike; and two without any R2 to ask for.
MUST_R2, GOAL_R2 = 0.999, 0.99999
MUST_R2_OF_HARD = 0.99
HARD = ("Rutherford", "I.29.16", "I.9.18", "Jackson 4.60")
WITHOUT_R2 = ("toy_constant", "toy_phase2")


@dataclass(frozen=True)
class Variable:
    """A name and the interval it is drawn from."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Function:
    """A problem of the sets.

    Attributes:
        name, set_name: its own and its set's.
        number: place among all functions; even ones may be tuned on.
        expression: in the closed language.
        variables: in the order of the columns.
        widths: the shape that the problem comes with, inputs first; None where it has none that fits.
        must_rmse, goal_rmse: errors to reach, None where R2 is asked for instead.
    """

    name: str
    set_name: str
    number: int
    expression: str
    variables: tuple[Variable, ...]
    widths: tuple[int, ...] | None
    must_rmse: float | None = None
    goal_rmse: float | None = None

    @property
    def must_r2(self) -> float | None:
        """The R2 to reach; None where an RMSE, or nothing, is asked for."""
        if self.must_rmse is not None or self.name in WITHOUT_R2:
            return None
        return MUST_R2_OF_HARD if self.name in HARD else MUST_R2

    @property
    def goal_r2(self) -> float | None:
        """The R2 that is hoped for."""
        return None if self.must_r2 is None else GOAL_R2


def load_functions(folder: Path | None = None) -> list[Function]:
    """Reads every function of the three sets.

    Args:
        folder: with problems.json and goals.json; the vendored ones by default.
    """
    folder = folder or FOLDER
    problems = json.loads((folder / "problems.json").read_text())
    goals = json.loads((folder / "goals.json").read_text())["problems"]
    entries = [(name, entry) for name in SETS for entry in problems[name]]
    return [_function(entry, name, number, goals) for number, (name, entry) in enumerate(entries)]


def held_out_functions() -> list[Function]:
    """Reads the twelve formulas of up to three variables that nothing was tuned on."""
    entries = json.loads((FOLDER / f"{HELD_OUT}.json").read_text())[HELD_OUT]
    return [_function(entry, HELD_OUT, number, {}) for number, entry in enumerate(entries)]


def sample(function: Function, rows: int, seed: int) -> tuple[Array, Array]:
    """Draws rows uniformly from the box, column by column.

    Returns:
        x (rows, variables) and y (rows,).
    """
    generator = np.random.default_rng(seed)
    x = np.column_stack([generator.uniform(v.low, v.high, rows) for v in function.variables])
    columns = {variable.name: x[:, i] for i, variable in enumerate(function.variables)}
    return x, np.asarray(evaluate(function.expression, columns), dtype=np.float64) * np.ones(rows)


def training_rows(function: Function) -> tuple[Array, Array]:
    """Gives the rows to learn from."""
    return sample(function, TRAINING_ROWS[function.set_name], TRAINING_SEED)


def judging_rows(function: Function) -> tuple[Array, Array]:
    """Gives 3,000 other rows."""
    return sample(function, TEST_ROWS, TEST_SEED)


def _function(entry: dict[str, Any], set_name: str, number: int, goals: dict[str, dict[str, Any]]) -> Function:
    goal = goals.get(entry["id"], {})
    variables = tuple(Variable(v["name"], v["low"], v["high"]) for v in entry["variables"])
    widths = _widths(entry.get("shape"), len(variables))
    numbers = (goal.get("must_rmse"), goal.get("goal_rmse"))
    return Function(entry["id"], set_name, number, entry["expr"], variables, widths, *numbers)


def _widths(shape: Sequence[int] | None, inputs: int) -> tuple[int, ...] | None:
    """Gives the shape, unless it is meant for other inputs than the function has."""
    return tuple(shape) if shape is not None and shape[0] == inputs else None
