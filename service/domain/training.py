"""One training job's work, from a stored table to a model; only the worker's training process imports it (torch)."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kan.checkpoint import dump, load
from kan.config import NetworkConfig
from kan.config_json import read_fields, stage_from_json
from kan.edits import edited
from kan.errors import BadTrainingData, EncodingError, InexactRefinement, is_out_of_memory
from kan.split import Part
from kan.stages.recipe import Progress
from kan.state import NetworkState
from kan.table_training import TableResult, TableTask, TableTraining
from kan.train import Outcome
from service.domain.certificates import change
from service.domain.reading.fitted_formulas import fitted_formula
from service.domain.reading.term_means import term_means
from service.domain.residuals import KNOWN_ROWS, held_out_residuals
from service.domain.signatures import network_facts, signature
from service.domain.trained_model import TrainedModel, TrainingMoment
from service.domain.training_columns import append_rows, table_columns

# The time left is guessed from the median of this many steps.
RECENT_STEPS = 20


class TrainingDiverged(Exception):
    """The numbers left the finite range and no good weights are left."""


@dataclass(frozen=True)
class TrainingUpdate:
    """What happened: an entry for the job's log, its progress, and whether a stage has just ended."""

    type: str
    data: dict[str, Any]
    progress: dict[str, Any]
    stage_ended: bool = False


class TrainingRun:
    """Trains what `resolve_train_spec` resolved.

    Args:
        resolved: see there.
        table: the data set as Parquet, in a file that may be closed when this has returned.
        column_types: column -> "number", "category" or "ignored".
        checkpoint: bytes of an earlier run of the same job, to go on from.
        start: bytes of the version to go on from; of an edit, `resolved` says what is done to it first.
        split: the part of every row, where it is that of the start.
        test_table: another data set as Parquet, whose rows are the test part.

    Raises:
        BadTrainingData: nothing can be learnt from the rows; the first step may raise it too.
        CheckpointError: the checkpoint is damaged; so is this one.
    """

    def __init__(
        self,
        resolved: Mapping[str, Any],
        table: BinaryIO,
        column_types: Mapping[str, str],
        checkpoint: bytes | None = None,
        start: bytes | None = None,
        split: bytes | None = None,
        test_table: bytes | None = None,
    ) -> None:
        self.result: TrainedModel | None = None
        parent = None if start is None else load(start)
        self._edited = parent if "edit" in resolved else None
        self._knows_test_rows = bool(resolved.get(KNOWN_ROWS))
        more = _columns_of(self._edited)
        self._arrays = table_columns(resolved, table, column_types, more)
        task = table_task(resolved, self._arrays, _beginning(resolved, parent), split)
        self._rows = len(next(iter(self._arrays.values())))
        if test_table is not None:
            append_rows(self._arrays, table_columns(resolved, io.BytesIO(test_table), column_types, more))
        self._training = _training(resolved, self._arrays, checkpoint, task)
        self._started = time.perf_counter()
        self._durations: deque[float] = deque(maxlen=RECENT_STEPS)
        self._told = 0
        self._reached: Progress | None = None
        self._step = 0

    def __iter__(self) -> Iterator[TrainingUpdate]:
        """Trains; yields about one update an optimizer step, and sets `result` at the end."""
        self._started = time.perf_counter()
        run = self._training.run()
        stage = 0
        while True:
            before = time.perf_counter()
            try:
                progress = next(run)
            except StopIteration as stop:
                self.result = self._result(stop.value)
                return
            except (EncodingError, InexactRefinement) as error:
                raise BadTrainingData(str(error)) from error
            yield from self._new_warnings()
            self._durations.append(time.perf_counter() - before)
            shown = self._progress(progress)
            if progress.stage != stage:
                stage = progress.stage
                self._reached, self._step = replace(progress, ended=False), 0
                yield TrainingUpdate("stage", {"stage": stage, "name": progress.name}, shown)
            self._reached, self._step = progress, self._step if progress.ended else progress.step
            if progress.ended:
                ended = {"stage": stage, "name": progress.name, "ended": True}
                yield TrainingUpdate("stage", ended, shown, stage_ended=True)
            else:
                yield TrainingUpdate("metric", _metric(progress), shown)

    def _new_warnings(self) -> Iterator[TrainingUpdate]:
        """Yields what has not been told yet."""
        told, self._told = self._told, len(self._training.warnings)
        for warning in self._training.warnings[told:]:
            yield TrainingUpdate("warning", {"message": warning}, {})

    def finish_early(self) -> TrainedModel | None:
        """Gives the best model so far, where the time is up; None where there is none yet."""
        best = self._training.finish_early()
        return None if best is None else self._result(best)

    def moment(self) -> TrainingMoment | None:
        """Gives the best network so far as a model, None where there is none yet, or none but that of a stage before.

        It must not fail a training that could go on, so what does not fit the memory is left out.
        """
        reached = self._reached
        if reached is None or not (reached.ended or reached.stage == 1):
            return None
        try:
            found = self._training.moment()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return None
        return None if found is None or not _is_finite(found[0]) else _moment(*found, reached, self._step)

    def _result(self, result: TableResult) -> TrainedModel:
        means = term_means(result.state, self._arrays, result.parts == Part.TRAIN)
        changed = None if self._edited is None else change(self._edited, result.state, self._arrays, result.parts)
        # What is kept promises how far off the version is on rows that it never saw.
        kept = not self._knows_test_rows
        residuals = held_out_residuals(result.state, self._arrays, result.parts) if kept else None
        found = _result(result, means, time.perf_counter() - self._started)
        # Of the rows of its data set: those of another one that judged it are no part of it.
        return replace(found, split=found.split[: self._rows], change=changed, residuals=residuals)

    def checkpoint(self) -> bytes:
        """Gives all that the next attempt needs to end in the same bits."""
        return self._training.checkpoint()

    def _progress(self, progress: Progress) -> dict[str, Any]:
        left = max(progress.steps - progress.step, 0) + (progress.stages - progress.stage) * progress.steps
        return {
            "stage": progress.stage,
            "stages": progress.stages,
            "step": progress.step,
            "steps": progress.steps,
            "fraction": round(progress.fraction, 4),
            "eta_s": round(float(np.median(self._durations)) * left, 1),
            "train_loss": progress.train_loss,
            "validation_loss": progress.validation_loss,
        }


def _training(
    resolved: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    checkpoint: bytes | None,
    task: TableTask,
) -> TableTraining:
    device = str(resolved.get("device", "cpu"))
    try:
        return TableTraining(arrays, task, checkpoint=checkpoint, device=device)
    except EncodingError as error:
        raise BadTrainingData(str(error)) from error


def _beginning(resolved: Mapping[str, Any], parent: NetworkState | None) -> NetworkState | None:
    """Gives the network to start with: the parent's, or what the edit makes of it."""
    if parent is None or "edit" not in resolved:
        return parent
    return edited(parent, resolved["edit"]["operations"], fitted_formula)


def _columns_of(state: NetworkState | None) -> set[str]:
    return set() if state is None or state.encoding is None else {item.column for item in state.encoding.inputs}


def table_task(
    resolved: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    start: NetworkState | None = None,
    split: bytes | None = None,
) -> TableTask:
    """Gives what a resolved spec learns from the columns.

    Raises:
        BadTrainingData: the split column holds other words than train, validation and test.
    """
    network = resolved["network"]
    drawn = _given_parts(arrays, resolved.get("split_column")) if split is None else np.frombuffer(split, np.uint8)
    return TableTask(
        inputs=tuple(resolved["inputs"]),
        targets=tuple(resolved["targets"]),
        task=resolved["task"],
        recipe=tuple(stage_from_json(stage) for stage in resolved["recipe"]),
        config=NetworkConfig() if network == "auto" or start is not None else read_fields(NetworkConfig, network),
        seed=resolved["seed"],
        test_fraction=resolved["test_fraction"],
        judges=resolved.get("test_dataset", {}).get("rows", 0),
        parts=drawn,
        start=start,
    )


def _given_parts(arrays: Mapping[str, NDArray[Any]], column: str | None) -> NDArray[np.uint8] | None:
    """Reads the split from a column of the words train, validation and test."""
    if column is None:
        return None
    codes = {part.name.lower(): part for part in Part}
    words = [str(value).lower() for value in arrays[column]] if column in arrays else []
    unknown = sorted(set(words) - {"train", "validation", "test"})
    if unknown or "train" not in words or "validation" not in words:
        raise BadTrainingData(f"split column {column!r}: expected the words train, validation and test in every row")
    return np.array([codes[word] for word in words], dtype=np.uint8)


def _metric(progress: Progress) -> dict[str, Any]:
    named = {"train_loss": progress.train_loss, "validation_loss": progress.validation_loss}
    return {
        "stage": progress.stage,
        "name": progress.name,
        "step": progress.step,
        **{key: value for key, value in named.items() if value is not None and np.isfinite(value)},
    }


def _result(result: TableResult, means: list[list[float]], seconds: float) -> TrainedModel:
    if not _is_finite(result.state):
        raise TrainingDiverged(Outcome.DIVERGED.value)
    encoding = result.state.encoding
    assert encoding is not None
    return TrainedModel(
        model=dump(result.state),
        split=result.parts.tobytes(),
        metrics=dict(result.metrics),
        signature={**signature(encoding), **network_facts(result.state)},
        outcome=result.outcome,
        train_seconds=round(seconds, 3),
        term_means=means,
    )


def _moment(state: NetworkState, train: float, validation: float, reached: Progress, step: int) -> TrainingMoment:
    losses = [value if np.isfinite(value) else None for value in (train, validation)]
    return TrainingMoment(dump(state), reached.stage, reached.name, reached.ended, step, *losses)


def _is_finite(state: NetworkState) -> bool:
    return all(np.isfinite(layer.coefficients).all() for layer in state.layers)
