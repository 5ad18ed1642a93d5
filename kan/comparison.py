"""A KAN, its formula, perceptrons and the linear model on the same splits: trained, measured and put side by side.

The formula is what the preset "interpretable" makes of the same rows. All run on the CPU, so that seconds compare.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kan.comparison_sides import (
    CHOOSING_ROWS,
    FORMULA,
    KAN,
    LINEAR,
    MLP_PARAMETERS,
    MLP_TIME,
    PREDICTED_ROWS,
    Measurement,
    formula_facts,
    measurements_from_bytes,
    measurements_to_bytes,
    microseconds_per_row,
    trained_numbers,
)
from kan.compiled_predictor import Predictor
from kan.config import Stage
from kan.dense_rows import DenseRows, dense_rows
from kan.encoding import Encoding, Table, encode
from kan.errors import BadTrainingData
from kan.kernels.cpu.warm import warm
from kan.kernels.native.compiling import KERNELS
from kan.linear_model import fit_linear
from kan.mlp import equal_width, fit_mlp, fit_mlp_for
from kan.scores import score
from kan.split import Part
from kan.state import Array, NetworkState
from kan.table_rows import TableRows
from kan.table_training import TableTask, TableTraining

R = TypeVar("R")


class Fitted(Protocol):
    """What a baseline ends in."""

    @property
    def parameters(self) -> int:
        """The number of trained numbers."""
        ...

    def outputs(self, x: Array) -> Array:
        """Gives (rows, outputs) of standardised rows."""
        ...


@dataclass(frozen=True)
class Contest:
    """What is compared.

    Attributes:
        task: the KAN's; its seed is replaced by each of `seeds`, its split with it, unless `parts` are given.
        formula: recipe of the formula's side; None where the KAN's own recipe makes formulas.
        baselines: of `BASELINES`.
        seeds: one split and one start of everything each.
    """

    task: TableTask
    formula: tuple[Stage, ...] | None
    baselines: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def sides(self) -> tuple[str, ...]:
        """In the order in which they run: the perceptrons need the KAN's size and time."""
        return (KAN, *(() if self.formula is None else (FORMULA,)), *self.baselines)


@dataclass(frozen=True)
class ContestProgress:
    """Where a comparison stands.

    Attributes:
        number, count: of the side that runs (from 1) and of all, every seed counting anew.
        side, seed: what runs.
        ended: whether it has just been measured; a checkpoint taken now skips it for ever.
        fraction: share of the whole that is done.
    """

    number: int
    count: int
    side: str
    seed: int
    ended: bool
    fraction: float


class Comparison:
    """One comparison on a table.

    Args:
        table: as for `TableTraining`.
        contest: what is compared.
        clock: gives CPU seconds.
        checkpoint: bytes of `checkpoint()` of the same comparison, to go on after the sides that are in it.

    Raises:
        CheckpointError: the checkpoint is damaged.
    """

    def __init__(
        self, table: Table, contest: Contest, clock: Callable[[], float], checkpoint: bytes | None = None
    ) -> None:
        self._table, self._contest, self._clock = table, contest, clock
        self.measured = [] if checkpoint is None else measurements_from_bytes(checkpoint)

    def checkpoint(self) -> bytes:
        """Gives the sides that are measured; one that is not starts again."""
        return measurements_to_bytes(self.measured)

    def run(self) -> Iterator[ContestProgress]:
        """Runs what is not measured yet; yields every step. `measured` then has every side of every seed.

        Raises:
            BadTrainingData: as `TableTraining`, or no test rows to judge by.
        """
        # What is compiled or loaded here would count as the first side's time.
        warm()
        with suppress(RuntimeError):
            # Where they cannot be compiled, prediction is slow in the API too.
            KERNELS.wait()
        sides = self._contest.sides
        count = len(sides) * len(self._contest.seeds)
        for number, (seed, side) in enumerate(((s, side) for s in self._contest.seeds for side in sides), 1):
            if self._found(side, seed) is not None:
                continue
            done = 0.0
            for part in self._side(side, seed):
                done = max(done, part)
                yield ContestProgress(number, count, side, seed, False, (number - 1 + done) / count)
            yield ContestProgress(number, count, side, seed, True, number / count)

    def _found(self, side: str, seed: int) -> Measurement | None:
        return next((item for item in self.measured if (item.side, item.seed) == (side, seed)), None)

    def _side(self, side: str, seed: int) -> Iterator[float]:
        """Trains and measures one side; yields the share of it that is done."""
        task = replace(self._contest.task, seed=seed)
        if side == FORMULA:
            assert self._contest.formula is not None
            task = replace(task, recipe=self._contest.formula)
        training = TableTraining(self._table, task)
        if not (training.parts == Part.TEST).any():
            raise BadTrainingData("no row is left to judge by: a comparison needs test rows")
        run = self._kan(side, seed, training) if side in (KAN, FORMULA) else self._baseline(side, seed, training)
        self.measured.append((yield from run))

    def _kan(self, side: str, seed: int, training: TableTraining) -> Generator[float, None, Measurement]:
        stopwatch = Stopwatch(self._clock)
        result = yield from stopwatch.steps(training.run(), lambda progress: float(progress.fraction))
        state: NetworkState = result.state
        test = np.flatnonzero(result.parts == Part.TEST)
        x = encode(training.encoding, TableRows(self._table, test[:PREDICTED_ROWS]))
        predictor = Predictor(state)
        speed = microseconds_per_row(lambda: predictor.evaluate(x), len(x), self._clock)
        facts = formula_facts(state, TableRows(self._table, test[:CHOOSING_ROWS]))
        scores = result.metrics["test"]
        assert scores is not None
        return Measurement(side, seed, scores, trained_numbers(state), stopwatch.seconds, speed, facts)

    def _baseline(self, side: str, seed: int, training: TableTraining) -> Generator[float, None, Measurement]:
        rows = dense_rows(training.encoding, self._table, training.parts)
        stopwatch = Stopwatch(self._clock)
        model = yield from stopwatch.steps(self._fit(side, seed, rows), lambda _: 0.5)
        return self._judged(side, seed, model, rows, training.encoding, training.parts, stopwatch.seconds)

    def _fit(self, side: str, seed: int, rows: DenseRows) -> Generator[int, None, Fitted]:
        if side == LINEAR:
            return fit_linear(rows)
        kan = self._found(KAN, seed)
        assert kan is not None
        if side == MLP_PARAMETERS:
            width = equal_width(kan.parameters, rows.x.shape[1], rows.outputs)
            return (yield from fit_mlp(rows, width, seed))
        assert side == MLP_TIME
        return (yield from fit_mlp_for(rows, kan.train_cpu_seconds, self._clock, seed))

    def _judged(
        self,
        side: str,
        seed: int,
        model: Fitted,
        rows: DenseRows,
        encoding: Encoding,
        parts: NDArray[np.uint8],
        seconds: float,
    ) -> Measurement:
        x, _ = rows.at(Part.TEST)
        scores = score(encoding, model.outputs(x), self._table, parts == Part.TEST)
        some = x[:PREDICTED_ROWS]
        speed = microseconds_per_row(lambda: model.outputs(some), len(some), self._clock)
        return Measurement(side, seed, scores, model.parameters, seconds, speed)


class Stopwatch:
    """Counts the time that a generator takes, and not what its caller does between two steps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds = 0.0

    def steps(self, run: Generator[Any, None, R], share: Callable[[Any], float]) -> Generator[float, None, R]:
        """Yields the share of the run that is done at each step, and gives its result."""
        while True:
            started = self._clock()
            try:
                step = next(run)
            except StopIteration as stop:
                result: R = stop.value
                return result
            finally:
                self.seconds += self._clock() - started
            yield share(step)
