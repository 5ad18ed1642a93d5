"""One predict job's work: the rows of a stored table, part by part; only the worker's process imports it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import polars as pl

from kan.checkpoint import load
from kan.compiled_predictor import Predictor
from kan.errors import BadTrainingData
from kan.kernels.native.compiling import KERNELS
from service.domain.predict_jobs.answers import ERROR, predicted_frame
from service.domain.predict_jobs.part import PredictedPart
from service.domain.prediction_forms.columns import input_columns, kind_words
from service.domain.prediction_forms.tables import stored_type
from service.domain.training import TrainingUpdate


class PredictionRun:
    """Predicts what `resolve_predict_spec` resolved.

    Args:
        resolved: see there.
        table: the data set as Parquet, in a file that may be closed when this has returned.
        checkpoint: where an earlier attempt came to: its parts are kept already.
        start: bytes of the version.

    Raises:
        CheckpointError: the version's bytes are damaged.
    """

    def __init__(
        self,
        resolved: Mapping[str, Any],
        table: BinaryIO,
        column_types: Mapping[str, str],
        checkpoint: bytes | None = None,
        start: bytes | None = None,
    ) -> None:
        self.result: dict[str, Any] | None = None
        # The file that is handed in is closed before the first part is read.
        self._table = os.fdopen(os.dup(table.fileno()), "rb")
        self._resolved = resolved
        state = load(start or b"")
        assert state.encoding is not None
        self._encoding = state.encoding
        # So that a job gives the bits that a prediction gives.
        KERNELS.wait()
        self._predictor = Predictor(state)
        targets = [item.name for item in state.encoding.outputs if item.name in column_types]
        self._columns = list(dict.fromkeys([*resolved["inputs"], *targets]))
        self._kept = {"row": 0, "number": 0, "bad_rows": 0} if checkpoint is None else json.loads(checkpoint)
        self._part: PredictedPart | None = None

    def __iter__(self) -> Iterator[TrainingUpdate]:
        """Predicts; yields one update a part, which is to be kept before the next one, and sets `result`.

        Raises:
            BadTrainingData: a column of the table is of another type than the version reads.
        """
        with self._table:
            self._check_types()
            yield from self._updates()
        facts = {name: self._resolved["init"][name] for name in ("model", "version", "version_id")}
        self.result = {**facts, "rows": self._resolved["rows"], "bad_rows": self._kept["bad_rows"]}

    def _updates(self) -> Iterator[TrainingUpdate]:
        rows, step = int(self._resolved["rows"]), int(self._resolved["part_rows"])
        for first in range(self._kept["row"], rows, step):
            self._part = self._predicted(first, min(step, rows - first))
            done = first + self._part.rows
            shown = {"rows": rows, "done": done, "bad_rows": self._kept["bad_rows"] + self._part.bad_rows}
            told = {"message": f"{done:,} of {rows:,} rows, {shown['bad_rows']:,} of them bad"}
            yield TrainingUpdate("log", told, {**shown, "fraction": round(done / rows, 4)}, stage_ended=True)

    def moment(self) -> PredictedPart | None:
        """Hands the last part over to be kept; from then on the checkpoint is behind it."""
        part, self._part = self._part, None
        if part is not None:
            bad_rows = self._kept["bad_rows"] + part.bad_rows
            self._kept = {"row": part.first_row + part.rows, "number": part.number, "bad_rows": bad_rows}
        return part

    def checkpoint(self) -> bytes:
        """Gives the place behind the last part that was handed over."""
        return json.dumps(self._kept, sort_keys=True).encode()

    def _predicted(self, first: int, rows: int) -> PredictedPart:
        frame = predicted_frame(self._encoding, self._predictor.evaluate, self._rows(first, rows), first)
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=False)
        bad_rows = rows - frame[ERROR].null_count()
        return PredictedPart(self._kept["number"] + 1, first, rows, bad_rows, buffer.getvalue())

    def _rows(self, first: int, rows: int) -> pl.DataFrame:
        return self._scanned().select(self._columns).slice(first, rows).collect()

    def _scanned(self) -> pl.LazyFrame:
        self._table.seek(0)
        return pl.scan_parquet(self._table)

    def _check_types(self) -> None:
        # By the file: a column that the data set ignored is of any type. One without values is all missing in any.
        types = self._scanned().collect_schema()
        for column in input_columns(self._encoding):
            if types[column.name] == stored_type(column):
                continue
            if self._scanned().select(pl.col(column.name).is_not_null().any()).collect().item():
                raise BadTrainingData(f"column {column.name!r}: expected {kind_words(column)}")
