"""An edit with a fit: a job on the parent's rows in their parts, a child with what the edit and the fit changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy.orm import Session

from kan.config_constraints import constraints_of
from kan.constraints import all_constrained, with_kept_shapes
from kan.encoding import decode, encode
from kan.predictor import evaluate
from kan.prune import pruned_edges
from kan.split import Part
from kan.state import NetworkState
from service.domain.columns import table_arrays
from service.domain.editing.edit_jobs import FittedEdit, resolve_fitted_edit
from service.domain.errors import InvalidEdit, InvalidSpec, TrainingDataGone
from service.domain.models import get_version
from service.store.blobs import get_blob
from service.store.tables import VersionRow
from tests.service.domain.shop import LIMITS, Shop, a_frame

PRUNE = {"op": "prune_edge", "layer": 0, "source": 1, "target": 0}
FIT = {"steps": 6}


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


@pytest.fixture
def first(shop: Shop) -> VersionRow:
    network = {"hidden": [2], "grid": 3}
    recipe = [{"stage": "fit", "steps": 5}]
    return shop.train(shop.resolve(model="toy", inputs=["a", "b", "c"], network=network, recipe=recipe, seed=5))


def resolved(shop: Shop, version: VersionRow, operations: Any, fit: Any, *, publish: bool = False) -> Any:
    asked = FittedEdit(operations, fit, publish)
    return resolve_fitted_edit(shop.session, version, shop.state(version), asked, LIMITS)


def predictions(state: NetworkState, frame: pl.DataFrame) -> Any:
    assert state.encoding is not None
    kinds = {"a": "number", "b": "number", "c": "category"}
    return decode(state.encoding, evaluate(state, encode(state.encoding, table_arrays(frame, kinds))))[:, 0]


def test_the_child_is_a_draft_fitted_to_the_parents_rows_with_its_certificate(shop: Shop, first: VersionRow) -> None:
    draft = resolved(shop, first, [PRUNE], FIT)
    assert (draft.kind, draft.spec["fit"], draft.resolved["edit"]["fit"]["stage"]) == ("edit", FIT, "fit")
    child = shop.train(draft)
    assert (child.version, child.status, child.parent_id) == (2, "draft", first.id)
    assert child.split_sha256 == first.split_sha256
    assert pruned_edges(shop.state(child)) == [(0, 1, 0)]
    assert child.edit is not None
    assert (child.edit["of"], child.edit["operations"], child.edit["unmeasured"]) == (1, [PRUNE], None)
    assert child.edit["metrics_before"] == first.metrics
    frame = a_frame()
    train = np.frombuffer(get_blob(shop.session, str(first.split_sha256)), np.uint8) == Part.TRAIN
    change = np.abs(predictions(shop.state(child), frame) - predictions(shop.state(first), frame))[train]
    found = child.edit["certificate"]
    assert found["rows"] == train.sum()
    assert found["outputs"][0]["max_change"] == pytest.approx(change.max(), rel=1e-9)
    assert found["outputs"][0]["rms_change"] == pytest.approx(np.sqrt(np.square(change).mean()), rel=1e-9)


def test_a_column_that_comes_back_is_read_and_measured(shop: Shop, first: VersionRow) -> None:
    without = shop.train(resolved(shop, first, [{"op": "prune_input", "column": "b"}], FIT, publish=True))
    assert without.status == "published"
    assert get_version(shop.session, "toy", "latest").version == 2
    restore = [{"op": "restore_edge", "layer": 0, "source": 1, "target": target} for target in (0, 1)]
    again = shop.train(resolved(shop, without, restore, FIT))
    assert [item["name"] for item in again.signature["inputs"]] == ["a", "b", "c"]
    assert again.metrics["test"]["rmse"] < without.metrics["test"]["rmse"]
    frame = a_frame()
    train = np.frombuffer(get_blob(shop.session, str(first.split_sha256)), np.uint8) == Part.TRAIN
    change = np.abs(predictions(shop.state(again), frame) - predictions(shop.state(without), frame))[train]
    assert again.edit is not None
    assert again.edit["certificate"]["outputs"][0]["max_change"] == pytest.approx(change.max(), rel=1e-9)


@pytest.mark.parametrize(
    ("operations", "fit", "pointer"),
    [
        ([{"op": "nope"}], FIT, "/operations/0/op"),
        ([PRUNE], {"stage": "train"}, "/fit/stage"),
        ([PRUNE], {"steps": 0}, "/fit/steps"),
        ([PRUNE], {"stage": "starts"}, "/fit"),
        ([{"op": "refine", "grid": 6}], {"stage": "refine", "grid": 9}, "/fit/grid"),
    ],
)
def test_what_does_not_fit_is_pointed_at(
    shop: Shop, first: VersionRow, operations: Any, fit: Any, pointer: str
) -> None:
    with pytest.raises(InvalidEdit) as caught:
        resolved(shop, first, operations, fit)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_without_the_rows_there_is_nothing_to_fit(shop: Shop, first: VersionRow) -> None:
    first.dataset_id = None
    with pytest.raises(TrainingDataGone):
        resolved(shop, first, [PRUNE], FIT)


RISING = {"layer": 1, "source": 0, "target": 0, "kind": "increasing"}


def test_what_is_constrained_keeps_its_shape_through_the_fit(shop: Shop, first: VersionRow) -> None:
    draft = resolved(shop, first, [{"op": "constrain", **RISING}], FIT)
    assert draft.resolved["edit"]["fit"]["constraints"] == [RISING]
    child = shop.train(draft)
    state = shop.state(child)
    assert all_constrained(state, constraints_of([RISING])) is state
    assert child.signature["network"]["constraints"] == [RISING]


def test_what_an_edit_has_constrained_later_edits_and_trainings_keep(shop: Shop, first: VersionRow) -> None:
    child = shop.train(resolved(shop, first, [{"op": "constrain", **RISING}], FIT, publish=True))
    again = shop.train(resolved(shop, child, [{"op": "refine", "grid": 4, "exact": False}], {"steps": 4}))
    later = shop.train(shop.resolve(model="toy", init={"model": "toy", "version": 2}, recipe=[{"stage": "fit"}]))
    for version in (again, later):
        state = shop.state(version)
        assert version.signature["network"]["constraints"] == [RISING]
        assert with_kept_shapes(state) is state
    free = shop.train(resolved(shop, child, [], {**FIT, "constraints": []}))
    assert "constraints" not in free.signature["network"]


@pytest.mark.parametrize(("stage", "field"), [({"lamb": 0.1}, "lamb"), ({"optimizer": "adam"}, "optimizer")])
def test_training_that_would_break_a_shape_is_refused_before_it_is_a_job(
    shop: Shop, first: VersionRow, stage: dict[str, Any], field: str
) -> None:
    shop.train(resolved(shop, first, [{"op": "constrain", **RISING}], FIT, publish=True))
    recipe = [{"stage": "fit", "steps": 5}, {"stage": "fit", **stage}]
    with pytest.raises(InvalidSpec) as refused:
        shop.resolve(init={"model": "toy", "version": 2}, recipe=recipe)
    assert [fault.pointer for fault in refused.value.faults] == [f"/recipe/1/{field}"]


def test_fit_that_names_constraints_itself_keeps_those_alone(shop: Shop, first: VersionRow) -> None:
    draft = resolved(shop, first, [{"op": "constrain", **RISING}], {**FIT, "constraints": []})
    assert draft.resolved["edit"]["fit"]["constraints"] == []


@pytest.mark.parametrize(
    ("constraint", "pointer"),
    [
        ({**RISING, "kind": "wavy"}, "/fit/constraints/0/kind"),
        ({**RISING, "source": 9}, "/fit/constraints/0/source"),
        ({**RISING, "layer": 0, "source": 2}, "/fit/constraints/0/source"),
    ],
)
def test_constraint_that_no_edge_can_keep_is_refused_at_its_place(
    shop: Shop, first: VersionRow, constraint: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidEdit) as refused:
        resolved(shop, first, [PRUNE], {**FIT, "constraints": [constraint]})
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
