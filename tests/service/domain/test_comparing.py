"""A compare job's work: every side told, a result in words, killed runs that keep what was finished."""

from __future__ import annotations

import io
import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from kan.errors import BadTrainingData
from service.domain.columns import described_columns
from service.domain.comparing import ComparisonRun
from service.domain.limits import Limits
from service.domain.specs.compare import resolve_compare_spec
from service.domain.training import TrainingUpdate
from service.settings import Settings

SIDES = ["kan", "formula", "mlp_parameters", "mlp_time", "linear"]


def a_frame() -> pl.DataFrame:
    generator = np.random.default_rng(0)
    a, b = generator.uniform(-1, 1, 60), generator.uniform(-1, 1, 60)
    return pl.DataFrame({"a": a, "b": b, "y": a**2 + 3 * b})


def a_run(frame: pl.DataFrame, checkpoint: bytes | None = None, **spec: Any) -> ComparisonRun:
    described = described_columns(frame, (), 256)
    full = {"targets": ["y"], "network": {"hidden": [], "grid": 3}, "preset": "quick", "seeds": [0], **spec}
    resolved = resolve_compare_spec(full, described, len(frame), Limits.from_settings(Settings()))
    file = io.BytesIO()
    frame.write_parquet(file)
    return ComparisonRun(resolved, file, {column["name"]: column["type"] for column in described}, checkpoint)


def test_every_side_begins_and_ends_in_the_log_and_is_in_the_result() -> None:
    run = a_run(a_frame())
    updates: list[TrainingUpdate] = list(run)
    begun = [u.data["name"] for u in updates if u.type == "stage" and "ended" not in u.data]
    ended = [u.data["name"] for u in updates if u.stage_ended]
    assert begun == ended == SIDES
    assert updates[-1].progress == {"stage": 5, "stages": 5, "seed": 0, "fraction": 1.0}
    assert run.result is not None
    assert [side["name"] for side in run.result["sides"]] == SIDES
    assert run.result["advice"].startswith("Take the formula: ")
    # The target is one: the formula's error is rounding.
    assert run.result["sides"][1]["metrics"]["rmse"]["mean"] < 1e-9
    assert all(math.isfinite(side["metrics"]["r2"]["mean"]) for side in run.result["sides"])


def test_killed_run_takes_finished_sides_as_they_are() -> None:
    first = a_run(a_frame(), baselines=["linear"])
    for _ in itertools.takewhile(lambda update: not update.stage_ended, first):
        pass
    second = a_run(a_frame(), first.checkpoint(), baselines=["linear"])
    begun = [u.data["name"] for u in second if u.type == "stage" and "ended" not in u.data]
    assert begun == ["formula", "linear"]
    assert second.result is not None
    assert len(second.result["sides"]) == 3


def test_time_that_is_up_gives_the_seeds_that_are_complete() -> None:
    run = a_run(a_frame(), baselines=["linear"], seeds=[0, 1])
    assert run.finish_early() is None
    for update in run:
        if update.stage_ended and update.progress["stage"] == 4:
            break
    early = run.finish_early()
    assert early is not None
    assert early["seeds"] == [0]


def test_split_column_without_the_words_is_bad_data() -> None:
    frame = a_frame().with_columns(part=pl.Series(["here", "there"] * 30))
    with pytest.raises(BadTrainingData, match="train, validation and test"):
        a_run(frame, split_column="part")
