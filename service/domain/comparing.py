"""One compare job's work, from a stored table to a result in words; only the worker's training process imports it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from kan.comparison import Comparison, Contest, ContestProgress
from kan.comparison_result import ComparisonResult
from kan.config_json import stage_from_json
from kan.errors import BadTrainingData, EncodingError, InexactRefinement
from service.domain.training import TrainingUpdate, table_task
from service.domain.training_columns import table_columns


class ComparisonRun:
    """Compares what `resolve_compare_spec` resolved.

    Args:
        resolved: see there.
        table: the data set as Parquet, in a file that may be closed when this has returned.
        column_types: column -> "number", "category" or "ignored".
        checkpoint: bytes of an earlier run of the same job: its finished sides are not run again.

    Raises:
        CheckpointError: the checkpoint is damaged.
    """

    def __init__(
        self,
        resolved: Mapping[str, Any],
        table: BinaryIO,
        column_types: Mapping[str, str],
        checkpoint: bytes | None = None,
    ) -> None:
        self.result: dict[str, Any] | None = None
        arrays = table_columns(resolved, table, column_types)
        self._contest = _contest(resolved, arrays)
        self._comparison = Comparison(arrays, self._contest, time.process_time, checkpoint)

    def __iter__(self) -> Iterator[TrainingUpdate]:
        """Trains side after side; yields about one update a step, and sets `result` at the end.

        Raises:
            BadTrainingData: nothing can be learnt from the rows.
        """
        number = 0
        try:
            for progress in self._comparison.run():
                if progress.number != number:
                    number = progress.number
                    yield TrainingUpdate("stage", _named(progress), _shown(progress))
                if progress.ended:
                    ended = {**_named(progress), "ended": True}
                    yield TrainingUpdate("stage", ended, _shown(progress), stage_ended=True)
                else:
                    yield TrainingUpdate("metric", _named(progress), _shown(progress))
        except (EncodingError, InexactRefinement) as error:
            raise BadTrainingData(str(error)) from error
        self.result = self.finish_early()

    def finish_early(self) -> dict[str, Any] | None:
        """Gives the comparison of the seeds that are complete, None where none is yet."""
        found = ComparisonResult.of(self._comparison.measured, self._contest.sides)
        return None if found is None else found.to_json()

    def checkpoint(self) -> bytes:
        """Gives the sides that are finished; the one in hand starts again."""
        return self._comparison.checkpoint()


def _contest(resolved: Mapping[str, Any], arrays: Mapping[str, Any]) -> Contest:
    formula = resolved["formula_recipe"]
    return Contest(
        task=table_task(resolved, arrays),
        formula=None if formula is None else tuple(stage_from_json(stage) for stage in formula),
        baselines=tuple(resolved["baselines"]),
        seeds=tuple(resolved["seeds"]),
    )


def _named(progress: ContestProgress) -> dict[str, Any]:
    return {"stage": progress.number, "name": progress.side, "seed": progress.seed}


def _shown(progress: ContestProgress) -> dict[str, Any]:
    fraction = round(progress.fraction, 4)
    return {"stage": progress.number, "stages": progress.count, "seed": progress.seed, "fraction": fraction}
