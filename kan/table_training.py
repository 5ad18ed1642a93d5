"""From a table to a frozen network: split, encoding, recipe, scores; can be saved and gone on with at every step."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from kan.config import NetworkConfig, Stage, stage_to_json
from kan.encoding import Encoding, Table, encode, encode_targets, learn_encoding
from kan.encoding_learning import class_names
from kan.errors import BadTrainingData, EncodingError
from kan.journal import Journal
from kan.losses import loss_for
from kan.problem import Problem
from kan.scores import Metrics, scores
from kan.split import Part, split_rows
from kan.stages.recipe import Progress, best_so_far, run_recipe
from kan.stages.work import Work
from kan.state import Array, NetworkState
from kan.train import Outcome

SMALLEST_TABLE = 5
VALIDATION_FRACTION = 0.2
# In training a number counts as at most so many half ranges from the middle: further out a spline goes on linearly,
# and a single row would outweigh all others in the normal equations.
FARTHEST_INPUT = 20.0


@dataclass(frozen=True)
class TableTask:
    """What to learn from a table.

    Attributes:
        inputs, targets: column names.
        task: "regression" or "classification".
        recipe: stages to run.
        config: the shape, where the recipe does not search for one.
        seed: of split, folds and starts.
        test_fraction: share of the rows that only judge, [0, 1).
        parts: (rows,) `Part` codes to use instead of a random split.
    """

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    task: str
    recipe: tuple[Stage, ...]
    config: NetworkConfig = field(default_factory=NetworkConfig)
    seed: int = 0
    test_fraction: float = 0.2
    parts: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class TableResult:
    """A trained network with its encoding, the part of every row and the scores of each part."""

    state: NetworkState
    parts: NDArray[np.uint8]
    metrics: Metrics
    outcome: str


class TableTraining:
    """One training of a table.

    Args:
        table: column name -> (rows,) float64 (NaN = missing) or object array of str | None.
        task: what to learn.
        checkpoint: bytes of `checkpoint()` of a run with the same table and task, to go on from.
        device: where the arithmetic runs.

    Raises:
        BadTrainingData: too few rows, a target or inputs from which nothing can be learnt.
        EncodingError: a column is absent or of the wrong type.
        CheckpointError: the checkpoint is damaged.
    """

    def __init__(self, table: Table, task: TableTask, *, checkpoint: bytes | None = None, device: str = "cpu") -> None:
        self._table, self._task = table, task
        self._journal = Journal() if checkpoint is None else Journal.from_bytes(checkpoint)
        self.warnings: list[str] = []
        self.parts = self._split()
        self.encoding = learn_encoding(table, task.inputs, task.targets, task.task, self.parts == Part.TRAIN)
        self._set_aside_unreadable()
        self._problem = self._make_problem(device)

    @property
    def task(self) -> TableTask:
        """What is being learnt."""
        return self._task

    def run(self) -> Generator[Progress, None, TableResult]:
        """Trains; yields every step, returns the result. May be closed at any step.

        Raises:
            BadTrainingData: the rows are not finite once they are scaled.
            MemoryError: memory ran out.
        """
        work = yield from run_recipe(Work(self._problem, self._task.config), self._task.recipe, self._journal)
        if work.outcome is Outcome.NON_FINITE_DATA:
            raise BadTrainingData("expected finite numbers, got some that overflow once they are scaled")
        if work.outcome is Outcome.OUT_OF_MEMORY:
            raise MemoryError("memory ran out; fewer or narrower layers, a coarser grid or smaller batches need less")
        return self._result(work)

    def finish_early(self) -> TableResult | None:
        """Gives the best network so far, None where there is none yet; the run is not to be gone on with."""
        work = best_so_far(Work(self._problem, self._task.config), self._task.recipe, self._journal)
        return None if work is None else self._result(work)

    def checkpoint(self) -> bytes:
        """Gives all that a later run needs to end in the same bits."""
        return self._journal.to_bytes()

    def _split(self) -> NDArray[np.uint8]:
        usable = _usable(self._table, self._task.targets)
        if self._task.parts is not None:
            return np.where(usable, self._task.parts, np.uint8(Part.UNUSED)).astype(np.uint8)
        if usable.sum() < SMALLEST_TABLE:
            raise BadTrainingData(f"expected at least {SMALLEST_TABLE} rows with a target, got {int(usable.sum())}")
        strata = None
        if self._task.task == "classification":
            names = class_names(self._table, self._task.targets[0])
            strata = np.unique(np.where(usable, names, ""), return_inverse=True)[1].astype(np.int64)
        return split_rows(
            usable,
            test_fraction=self._task.test_fraction,
            validation_fraction=VALIDATION_FRACTION,
            seed=self._task.seed,
            strata=strata,
        )

    def _set_aside_unreadable(self) -> None:
        """Takes rows out that the training rows do not prepare for: a missing value or a class never seen there."""
        judging = np.flatnonzero(np.isin(self.parts, [Part.VALIDATION, Part.TEST]))
        unreadable = list(_unreadable(self.encoding, self._table, judging))
        self.parts[unreadable] = Part.UNUSED
        if unreadable:
            self.warnings.append(
                f"{len(unreadable)} rows are left out of validation and test (the first is row {min(unreadable)}):"
                " a missing value or a class that no training row has"
            )

    def _make_problem(self, device: str) -> Problem:
        rows = np.isin(self.parts, [Part.TRAIN, Part.VALIDATION])
        if not (self.parts == Part.VALIDATION).any():
            raise BadTrainingData("no row is left for validation")
        table = {name: values[rows] for name, values in self._table.items()}
        y = encode_targets(self.encoding, table)
        return Problem(
            torch.from_numpy(self._within_reach(encode(self.encoding, table))).to(device),
            torch.from_numpy(y).to(device),
            self.parts[rows],
            loss_for(self._task.task, self.encoding.network_outputs),
            self.encoding.input_levels,
            self.encoding.network_outputs,
            self._task.seed,
        )

    def _within_reach(self, x: Array) -> Array:
        numbers = [levels is None for levels in self.encoding.input_levels]
        x[:, numbers] = np.clip(x[:, numbers], -FARTHEST_INPUT, FARTHEST_INPUT)
        return x

    def _result(self, work: Work) -> TableResult:
        assert work.network is not None
        state = work.network.state(self._problem.x)
        origin = {**state.origin, "seed": self._task.seed, "recipe": [stage_to_json(s) for s in self._task.recipe]}
        state = replace(state, encoding=self.encoding, origin=origin)
        held_out = None if work.held_out is None else work.held_out.detach().cpu().numpy()
        return TableResult(state, self.parts, scores(state, self._table, self.parts, held_out), str(work.outcome))


def _usable(table: Table, targets: Sequence[str]) -> NDArray[np.bool_]:
    """Marks the rows in which no target is missing."""
    present = [
        np.array([v is not None and v == v for v in table[name]], dtype=bool) for name in targets if name in table
    ]
    if len(present) < len(targets):
        raise EncodingError(next(name for name in targets if name not in table), "missing from the table")
    return np.asarray(np.logical_and.reduce(present))


def _unreadable(encoding: Encoding, table: Table, rows: NDArray[np.intp]) -> Iterator[int]:
    """Yields the rows that cannot be encoded, found by halving, so that a few bad rows cost little."""
    if _are_readable(encoding, {name: values[rows] for name, values in table.items()}):
        return
    if len(rows) == 1:
        yield int(rows[0])
        return
    middle = len(rows) // 2
    yield from _unreadable(encoding, table, rows[:middle])
    yield from _unreadable(encoding, table, rows[middle:])


def _are_readable(encoding: Encoding, rows: Table) -> bool:
    try:
        encode(encoding, rows)
        targets = encode_targets(encoding, rows)
    except EncodingError:
        return False
    return bool((targets >= 0).all()) if encoding.task == "classification" else bool(np.isfinite(targets).all())
