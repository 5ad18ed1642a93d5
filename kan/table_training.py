"""From a table to a frozen network: split, encoding, recipe, scores; can be saved and gone on with at every step."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
import torch
from numpy.typing import NDArray

from kan.config import NetworkConfig, Stage
from kan.config_json import stage_to_json
from kan.encoding import Encoding, NumberInput, Table, encode, encode_targets, learn_encoding
from kan.encoding_learning import FARTHEST_INPUT, class_names
from kan.errors import BadTrainingData, is_out_of_memory
from kan.journal import Journal
from kan.losses import loss_for
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.problem import Problem
from kan.prune import pruned_edges
from kan.readable_rows import unreadable_rows
from kan.scores import Metrics, scores
from kan.snapped import without_ends
from kan.split import Part, split_rows
from kan.stages.fit import Fitted, with_network
from kan.stages.recipe import Progress, best_so_far, ran_out_of_memory, run_recipe
from kan.stages.work import Work, held_loss
from kan.state import Array, NetworkState
from kan.table_rows import row_blocks, usable_rows
from kan.train import Outcome

SMALLEST_TABLE = 5
VALIDATION_FRACTION = 0.2
# In this order, so that each of the two is a view of the encoded rows.
LEARNT_FROM = (Part.TRAIN, Part.VALIDATION)
_PURPOSES = {Part.TRAIN: "training", Part.VALIDATION: "validation"}


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
        judges: how many of the last rows are test rows, beside any that `test_fraction` takes of the others.
        parts: `Part` codes of the other rows, to use instead of a random split.
        start: a network with its encoding to go on from; `inputs`, `targets`, `task` are its own, `config` is unused.
    """

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    task: str
    recipe: tuple[Stage, ...]
    config: NetworkConfig = field(default_factory=NetworkConfig)
    seed: int = 0
    test_fraction: float = 0.2
    judges: int = 0
    parts: NDArray[np.uint8] | None = None
    start: NetworkState | None = None


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
        device: where the arithmetic runs; when its memory does not take a row, the CPU goes on.

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
        self.encoding = self._encoding()
        self._set_aside_unreadable()
        self._device = device
        for part in LEARNT_FROM:
            if not (self.parts == part).any():
                raise BadTrainingData(f"no row is left for {_PURPOSES[part]}")

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
        frozen = self._frozen((yield from self._run_recipe()))
        # The scores read the table; the encoded rows, which are as large, are done with.
        del self._problem
        return self._result(*frozen)

    def _run_recipe(self) -> Generator[Progress, None, Work]:
        """Runs the recipe; what does not fit a GPU's memory goes on on the CPU, from the last finished piece."""
        # What ran out of memory in an earlier attempt, or on another device, may fit now.
        self._journal.forget(ran_out_of_memory)
        work = (yield from self._run_here()) if self._fits() else None
        if self._device == "cpu" or (work is not None and work.outcome is not Outcome.OUT_OF_MEMORY):
            assert work is not None
            return work
        self.warnings.append(f"memory ran out on {self._device}; the training goes on on the cpu")
        self.__dict__.pop("_problem", None)
        self._device = "cpu"
        return (yield from self._run_recipe())

    def _run_here(self) -> Generator[Progress, None, Work]:
        return (yield from run_recipe(self._beginning(), self._task.recipe, self._journal))

    def _beginning(self) -> Work:
        """Gives the work before the first stage: nothing is trained yet, or the network to go on from."""
        if self._task.start is None:
            return Work(self._problem, self._task.config)
        network = Kan.from_state(self._task.start).to(self._problem.x.device)
        work = Work(self._problem, network.config, network)
        return with_network(work, Fitted(network)) if self._problem.is_finite else work

    def _fits(self) -> bool:
        """Puts the rows on the device, and says whether they fit there."""
        try:
            return len(self._problem.x) > 0
        except (MemoryError, RuntimeError) as error:
            if self._device == "cpu" or not is_out_of_memory(error):
                raise
        return False

    def finish_early(self) -> TableResult | None:
        """Gives the best network so far, None where there is none yet; the run is not to be gone on with."""
        work = best_so_far(self._beginning(), self._task.recipe, self._journal)
        return None if work is None else self._result(*self._frozen(work))

    def moment(self) -> tuple[NetworkState, float, float] | None:
        """Gives the best network so far and its mean losses on training and validation rows; the run may go on.

        None where there is no network yet. The validation loss is that of networks that never saw these rows.
        """
        work = best_so_far(self._beginning(), self._task.recipe, self._journal)
        if work is None or work.network is None:
            return None
        loss = mean_loss(work.network, self._problem.loss, *self._problem.at(self._problem.train))
        return self._signed(work.network.state(self._problem.x)), loss, held_loss(work)

    def checkpoint(self) -> bytes:
        """Gives all that a later run needs to end in the same bits."""
        return self._journal.to_bytes()

    def _split(self) -> NDArray[np.uint8]:
        usable = usable_rows(self._table, self._task.targets)
        others = usable[: len(usable) - self._task.judges]
        drawn = self._drawn(others) if self._task.parts is None else self._task.parts
        parts = np.concatenate([drawn, np.full(self._task.judges, Part.TEST, dtype=np.uint8)])
        return np.where(usable, parts, np.uint8(Part.UNUSED)).astype(np.uint8)

    def _drawn(self, usable: NDArray[np.bool_]) -> NDArray[np.uint8]:
        if usable.sum() < SMALLEST_TABLE:
            raise BadTrainingData(f"expected at least {SMALLEST_TABLE} rows with a target, got {int(usable.sum())}")
        strata = None
        if self._task.task == "classification":
            names = class_names(self._table, self._task.targets[0])[: len(usable)]
            strata = np.unique(np.where(usable, names, ""), return_inverse=True)[1].astype(np.int64)
        return split_rows(
            usable,
            test_fraction=self._task.test_fraction,
            validation_fraction=VALIDATION_FRACTION,
            seed=self._task.seed,
            strata=strata,
        )

    def _encoding(self) -> Encoding:
        start, task = self._task.start, self._task
        if start is None:
            return learn_encoding(self._table, task.inputs, task.targets, task.task, self.parts == Part.TRAIN)
        assert start.encoding is not None
        return start.encoding

    def _set_aside_unreadable(self) -> None:
        """Takes rows out that the encoding does not know what to do with: a missing value or a class it never saw."""
        learnt_here = self._task.start is None
        doubtful = [Part.VALIDATION, Part.TEST, *([] if learnt_here else [Part.TRAIN])]
        rows = np.flatnonzero(np.isin(self.parts, doubtful))
        unreadable = unreadable_rows(self.encoding, self._table, rows)
        self.parts[unreadable] = Part.UNUSED
        if unreadable:
            where, who = (
                (" of validation and test", "no training row has") if learnt_here else ("", "the start never saw")
            )
            self.warnings.append(
                f"{len(unreadable)} rows are left out{where} (the first is row {min(unreadable)}):"
                f" a missing value or a class that {who}"
            )

    @cached_property
    def _problem(self) -> Problem:
        encoding = self.encoding
        counts = [int((self.parts == part).sum()) for part in LEARNT_FROM]
        x, y = self._encoded(sum(counts))
        return Problem(
            torch.from_numpy(x).to(self._device),
            torch.from_numpy(y).to(self._device),
            np.repeat(np.array(LEARNT_FROM, dtype=np.uint8), counts),
            loss_for(self._task.task, encoding.network_outputs),
            encoding.input_levels,
            encoding.network_outputs,
            self._task.seed,
        )

    def _encoded(self, count: int) -> tuple[Array, NDArray[np.generic]]:
        """Gives inputs and targets of all rows to learn from, written straight to their places.

        Numbers are within reach, as in a prediction; those without ends, which need not be scaled, count as they are.
        """
        encoding, is_class = self.encoding, self.encoding.task == "classification"
        ended = [i for i, item in enumerate(encoding.inputs) if isinstance(item, NumberInput) and not item.is_endless]
        x = np.empty((count, encoding.network_inputs))
        y = np.empty(count, dtype=np.int64) if is_class else np.empty((count, encoding.network_outputs))
        start = 0
        for part in LEARNT_FROM:
            wanted = self.parts == part
            for block, values in row_blocks(self._table, wanted, partial(encode, encoding)):
                values[:, ended] = np.clip(values[:, ended], -FARTHEST_INPUT, FARTHEST_INPUT)
                x[start:][block] = values
            for block, targets in row_blocks(self._table, wanted, partial(encode_targets, encoding)):
                y[start:][block] = targets
            start += int(wanted.sum())
        return x, y

    def _frozen(self, work: Work) -> tuple[NetworkState, Array | None, Outcome]:
        """Gives the network as plain arrays, the held-out outputs and the outcome; refuses what is no result."""
        if work.outcome is Outcome.NON_FINITE_DATA:
            raise BadTrainingData("expected finite numbers, got some that overflow once they are scaled")
        if work.outcome is Outcome.OUT_OF_MEMORY:
            raise MemoryError("memory ran out; fewer or narrower layers, a coarser grid or smaller batches need less")
        assert work.network is not None
        held_out = None if work.held_out is None else work.held_out.detach().cpu().numpy()
        return work.network.state(self._problem.x), held_out, work.outcome

    def _result(self, state: NetworkState, held_out: Array | None, outcome: Outcome) -> TableResult:
        state = self._signed(state)
        return TableResult(state, self.parts, scores(state, self._table, self.parts, held_out), str(outcome))

    def _signed(self, state: NetworkState) -> NetworkState:
        """Gives a network that knows its columns and where it comes from."""
        origin = {**state.origin, "seed": self._task.seed, "recipe": [stage_to_json(s) for s in self._task.recipe]}
        if gone := pruned_edges(state):
            origin["pruned"] = [list(edge) for edge in gone]
        return without_ends(replace(state, encoding=self.encoding, origin=origin))
