"""A run part by part: a later attempt goes on behind the last part that was handed over, with no row twice or lost."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl
import pytest

from kan.checkpoint import dump
from kan.encoding import NumberInput, NumberOutput
from kan.errors import BadTrainingData
from kan.state import NetworkState
from service.domain.predict_jobs.part import PredictedPart
from service.domain.predict_jobs.run import PredictionRun

ROWS = 95


@pytest.fixture
def state(network_of: Any) -> NetworkState:
    made: NetworkState = network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    return made


@pytest.fixture
def table() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        pl.DataFrame({"x": [row / ROWS for row in range(ROWS)], "z": ["a"] * ROWS}).write_parquet(file)
        yield file


def run_of(state: NetworkState, table: BinaryIO, checkpoint: bytes | None = None) -> PredictionRun:
    init = {"model": "concrete", "version": 3, "version_id": "mv_x", "sha256": ""}
    resolved = {"init": init, "rows": ROWS, "part_rows": 10, "inputs": ["x"], "outputs": ["y"]}
    return PredictionRun(resolved, table, {"x": "number", "z": "category"}, checkpoint, dump(state))


def rows_of(parts: list[PredictedPart]) -> list[int]:
    return pl.concat([pl.read_parquet(io.BytesIO(part.content)) for part in parts])["row"].to_list()


def test_parts_hold_every_row_once_and_the_result_says_so(state: NetworkState, table: BinaryIO) -> None:
    run, parts = run_of(state, table), []
    for update in run:
        assert update.stage_ended
        parts.append(run.moment())
    assert rows_of([part for part in parts if part]) == list(range(ROWS))
    assert [part.number for part in parts if part] == list(range(1, 11))
    expected = {"model": "concrete", "version": 3, "version_id": "mv_x", "rows": ROWS, "bad_rows": 0}
    assert run.result == expected


def test_what_was_not_handed_over_is_made_again(state: NetworkState, table: BinaryIO) -> None:
    first, kept = run_of(state, table), []
    for number, _ in enumerate(first, start=1):
        if number == 4:
            # The worker asks to stop: this part is never taken.
            break
        kept.append(first.moment())
    second = run_of(state, table, first.checkpoint())
    for _ in second:
        kept.append(second.moment())
    assert rows_of([part for part in kept if part]) == list(range(ROWS))
    assert [part.number for part in kept if part] == list(range(1, 11))


def test_an_attempt_after_the_last_part_has_the_result_at_once(state: NetworkState, table: BinaryIO) -> None:
    first = run_of(state, table)
    for _ in first:
        first.moment()
    last = run_of(state, table, first.checkpoint())
    assert list(last) == []
    assert last.result == first.result


@pytest.mark.parametrize("first", ["a", "12", None])
@pytest.mark.parametrize("others", ["a", "12"])
def test_a_column_of_another_type_ends_the_run_as_bad_data(state: NetworkState, first: str | None, others: str) -> None:
    with tempfile.TemporaryFile() as file:
        pl.DataFrame({"x": [first] + [others] * (ROWS - 1)}).write_parquet(file)
        with pytest.raises(BadTrainingData, match="'x': expected a number"):
            next(iter(run_of(state, file)))


def test_a_column_of_another_type_without_any_value_has_missing_ones(state: NetworkState) -> None:
    with tempfile.TemporaryFile() as file:
        pl.DataFrame({"x": pl.Series([None] * ROWS, dtype=pl.String)}).write_parquet(file)
        run = run_of(state, file)
        for _ in run:
            run.moment()
    assert run.result is not None
    assert run.result["bad_rows"] == ROWS
