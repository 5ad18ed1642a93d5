"""A data set that judges a training on another one: what is refused, and what is taken from the start."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from sqlalchemy.orm import Session

from kan.split import Part
from service.domain.datasets import delete_dataset
from service.domain.editing.measures import NO_DATA_SET, measure
from service.domain.errors import InvalidSpec
from service.store.blobs import get_blob
from tests.service.domain.shop import Shop, a_frame

FIT = [{"stage": "fit", "steps": 4}]


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


def refusals(shop: Shop, **spec: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSpec) as caught:
        shop.resolve(**spec)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_the_rows_of_the_other_data_set_are_all_that_judges(shop: Shop) -> None:
    judge = shop.store(a_frame(30, seed=1))
    resolved = shop.resolve(test_dataset=judge).resolved
    assert (resolved["test_fraction"], resolved["split_column"]) == (0.0, None)
    assert (resolved["test_dataset"]["id"], resolved["test_dataset"]["rows"]) == (judge, 30)
    assert resolved["memory_bytes"] >= shop.resolve().resolved["memory_bytes"]


def test_a_column_that_is_constant_among_the_test_rows_is_the_same_column(shop: Shop) -> None:
    frame = a_frame(30, seed=1)
    same = frame.with_columns(a=pl.lit(0.5), c=pl.lit("red"))
    assert "test_dataset" in shop.resolve(test_dataset=shop.store(same)).resolved
    swapped = frame.with_columns(a=pl.lit("red"), c=pl.lit(0.5))
    found = refusals(shop, test_dataset=shop.store(swapped))
    assert found == [("/test_dataset", "other_columns")] * 2


def test_what_cannot_judge_is_refused(shop: Shop) -> None:
    judge = shop.store(a_frame(30, seed=1))
    assert refusals(shop, test_dataset="ds_none") == [("/test_dataset", "unknown_dataset")]
    assert refusals(shop, test_dataset=shop.dataset) == [("/test_dataset", "same_rows")]
    lacking = shop.store(a_frame(30, seed=2).drop("y"))
    assert refusals(shop, test_dataset=lacking) == [("/test_dataset", "other_columns")]
    assert refusals(shop, test_dataset=judge, test_fraction=0.1) == [("/test_fraction", "conflict")]
    assert refusals(shop, test_dataset=judge, split_column="c") == [("/split_column", "conflict")]


def test_a_training_that_goes_on_is_judged_as_its_start_was_unless_it_says_otherwise(
    shop: Shop, session: Session
) -> None:
    judge = shop.store(a_frame(30, seed=1))
    version = shop.train(shop.resolve(test_dataset=judge, recipe=FIT))
    assert version.split_sha256 is not None
    parts = get_blob(session, version.split_sha256)
    assert set(parts) <= {Part.TRAIN, Part.VALIDATION}
    assert len(parts) == 80
    assert version.metrics["test"]["rows"] == 30
    assert version.training["residuals"] is not None
    init = {"model": version.model_name}
    inherited = shop.resolve(init=init)
    assert inherited.resolved["test_dataset"]["id"] == judge
    assert [text for text in inherited.resolved["warnings"] if "may be among the test rows" in text] == []
    assert "test_dataset" not in shop.resolve(init=init, test_fraction=0.3).resolved
    swapped = shop.resolve(init=init, dataset=judge, test_dataset=shop.dataset).resolved
    assert any("may be among the test rows" in text for text in swapped["warnings"])


def test_what_is_measured_later_is_measured_on_the_same_rows(shop: Shop, session: Session) -> None:
    judge = shop.store(a_frame(30, seed=1))
    version = shop.train(shop.resolve(test_dataset=judge, recipe=FIT))
    state = shop.state(version)
    _, measures = measure(session, version, state, state, 1000)
    assert measures.after["test"] == version.metrics["test"]
    assert measures.residuals == version.training["residuals"]
    delete_dataset(session, judge, force=True)
    _, measures = measure(session, version, state, state, 1000)
    assert (measures.after["test"], measures.residuals) == (None, None)


def test_test_rows_that_the_training_left_out_are_left_out_later_too(shop: Shop, session: Session) -> None:
    rows = pl.int_range(pl.len())
    gaps = {"a": pl.when(rows != 3).then("a"), "y": pl.when(rows != 7).then("y")}
    version = shop.train(shop.resolve(test_dataset=shop.store(a_frame(30, seed=1).with_columns(**gaps)), recipe=FIT))
    assert version.metrics["test"]["rows"] == 28
    state = shop.state(version)
    assert measure(session, version, state, state, 1000)[1].after["test"] == version.metrics["test"]


@pytest.mark.parametrize(
    "frame",
    [
        a_frame().drop("a"),
        a_frame().with_columns(a=pl.lit("text")),
        a_frame().with_columns(a=pl.col("c")),
        a_frame().with_columns(a=pl.lit(None, dtype=pl.Float64)),
    ],
    ids=["absent", "constant text", "a category", "empty"],
)
def test_a_column_that_the_data_set_has_not_leaves_an_edit_unmeasured(
    shop: Shop, session: Session, frame: pl.DataFrame
) -> None:
    version = shop.train(shop.resolve(recipe=FIT))
    state = shop.state(version)
    version.dataset_id = shop.store(frame)
    _, measures = measure(session, version, state, state, 1000)
    assert measures.unmeasured == NO_DATA_SET


def test_a_column_that_is_constant_in_the_data_set_is_measured_with(shop: Shop, session: Session) -> None:
    version = shop.train(shop.resolve(recipe=FIT))
    state = shop.state(version)
    version.dataset_id = shop.store(a_frame().with_columns(a=pl.lit(0.5)))
    _, measures = measure(session, version, state, state, 1000)
    assert measures.unmeasured is None


def test_rows_without_a_value_of_a_column_are_left_out(shop: Shop, session: Session) -> None:
    version = shop.train(shop.resolve(recipe=FIT))
    state = shop.state(version)
    version.dataset_id = shop.store(a_frame().with_columns(a=pl.when(pl.int_range(pl.len()) > 9).then("a")))
    _, measures = measure(session, version, state, state, 1000)
    rows = [sum(part["rows"] for part in metrics.values()) for metrics in (version.metrics, measures.after)]
    assert rows == [80, 70]
