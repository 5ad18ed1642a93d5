"""Going on from a version: its columns, scaling and split are kept, what does not fit is named, the child knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy.orm import Session, sessionmaker

from kan.checkpoint import load
from kan.prune import pruned_edges
from service.domain.errors import InvalidSpec
from service.domain.expressions import ExpressionDraft, compiled_state
from service.domain.jobs import create_job
from service.domain.leasing.claims import claim_next_job
from service.domain.leasing.endings import finish_with_model
from service.domain.models import delete_version, get_version
from service.domain.residuals import KNOWN_ROWS
from service.store.tables import VersionRow
from tests.kan.networks import random_network
from tests.service.domain.shop import Shop, a_frame

FIT = [{"stage": "fit", "steps": 5}]
INIT = {"model": "toy", "version": 1}


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


@pytest.fixture
def first(shop: Shop) -> VersionRow:
    network = {"hidden": [2], "grid": 3}
    return shop.train(
        shop.resolve(model="toy", inputs=["a", "b", "c"], network=network, recipe=FIT, seed=5, test_fraction=0.3)
    )


def test_a_child_starts_with_its_parents_columns_scaling_and_split(shop: Shop, first: VersionRow) -> None:
    draft = shop.resolve(init=INIT)
    assert (draft.model_name, draft.resolved["seed"], draft.resolved["test_fraction"]) == ("toy", 5, 0.3)
    assert [stage["stage"] for stage in draft.resolved["recipe"]] == ["fit", "refit"]
    assert not [text for text in draft.resolved["warnings"] if "may be among the test rows" in text]
    child = shop.train(draft)
    assert (child.version, child.parent_id, child.split_sha256) == (2, first.id, first.split_sha256)
    assert shop.state(child).encoding == shop.state(first).encoding
    assert child.metrics["train"]["rmse"] < first.metrics["train"]["rmse"]


def test_a_step_that_changes_nothing_gives_the_parents_network(shop: Shop, first: VersionRow) -> None:
    kept = shop.trained(
        shop.resolve(init=INIT, recipe=[{"stage": "prune", "edge_threshold": 0.0, "node_threshold": 0.0}])
    )
    for mine, parents in zip(load(kept.model).layers, shop.state(first).layers, strict=True):
        np.testing.assert_array_equal(mine.coefficients, parents.coefficients)
        np.testing.assert_array_equal(mine.base_weight, parents.base_weight)
    assert kept.metrics["test"]["rmse"] == pytest.approx(first.metrics["test"]["rmse"], rel=1e-12)


def test_pruned_edges_formulas_and_products_stay(shop: Shop, first: VersionRow) -> None:
    edge = {"layer": 0, "source": 0, "target": 1}
    sine = {"op": "fix_symbolic", **edge, "function": "sin", "a": 1, "b": 1, "c": 0, "d": 0}
    prune = {"op": "prune_edge", "layer": 0, "source": 1, "target": 0}
    shop.changed(first, prune, sine, {"op": "expand_width", "layer": 0, "count": 1, "arity": 2})
    before = shop.state(first)
    after = load(shop.trained(shop.resolve(init=INIT, recipe=[{"stage": "fit", "steps": 30}])).model)
    assert pruned_edges(after) == pruned_edges(before)
    assert [layer.products for layer in after.layers] == [(2,), ()]
    assert [item.function for item in after.layers[0].formulas] == ["sin"]
    assert not np.array_equal(after.layers[1].coefficients, before.layers[1].coefficients)


def test_columns_that_nothing_leaves_any_more_are_not_asked_for(shop: Shop, first: VersionRow) -> None:
    shop.changed(first, {"op": "prune_input", "column": "b"})
    draft = shop.resolve(init=INIT, dataset=shop.store(a_frame(seed=1).drop("b")), recipe=FIT)
    assert draft.resolved["inputs"] == ["a", "c"]
    assert [item["name"] for item in shop.trained(draft).signature["inputs"]] == ["a", "c"]
    assert shop.resolve(init=INIT, inputs=["a", "b", "c"]).resolved["inputs"] == ["a", "c"]


def test_another_split_warns_that_learnt_rows_may_judge(shop: Shop, first: VersionRow) -> None:
    others: list[dict[str, Any]] = [{"seed": 6}, {"test_fraction": 0.2}, {"dataset": shop.store(a_frame(seed=1))}]
    for other in others:
        resolved = shop.resolve(init=INIT, **other).resolved
        assert [text for text in resolved["warnings"] if "may be among the test rows" in text], other
        assert resolved[KNOWN_ROWS] is True
    assert KNOWN_ROWS not in shop.resolve(init=INIT).resolved


def test_what_may_know_its_test_rows_keeps_no_residuals(shop: Shop, first: VersionRow) -> None:
    draft = shop.resolve(init=INIT, seed=6, recipe=FIT)
    assert shop.trained(draft).residuals is None
    assert shop.trained(shop.resolve(init=INIT, recipe=FIT)).residuals is not None


def test_rows_that_the_parent_cannot_read_are_left_out_with_a_warning(shop: Shop, first: VersionRow) -> None:
    frame = a_frame(seed=1).with_columns(a=pl.when(pl.int_range(80) % 8 == 0).then(None).otherwise(pl.col("a")))
    draft = shop.resolve(init=INIT, dataset=shop.store(frame), recipe=FIT)
    metrics = shop.trained(draft).metrics
    assert sum(metrics[part]["rows"] for part in ("train", "validation", "test")) == 70


@pytest.mark.parametrize(
    ("spec", "pointer", "code"),
    [
        ({"init": {"model": "none", "version": 1}}, "/init/model", "unknown_version"),
        ({"init": {"model": "toy", "version": 9}}, "/init/version", "unknown_version"),
        ({"inputs": ["a", "b"]}, "/inputs", "not_the_versions"),
        ({"inputs": ["a", "b", "c", "z"]}, "/inputs", "not_the_versions"),
        ({"targets": ["z"], "inputs": ["a", "b", "c"]}, "/targets", "not_the_versions"),
        ({"network": {"hidden": [3]}}, "/network", "conflict"),
        ({"preset": "quick"}, "/preset", "starts_anew"),
        ({"recipe": [{"stage": "starts"}]}, "/recipe/0", "starts_anew"),
        ({"recipe": [{"stage": "fit"}, {"stage": "average"}]}, "/recipe/1", "starts_anew"),
        ({"recipe": [{"stage": "choose"}]}, "/recipe/0", "starts_anew"),
        ({"recipe": [{"stage": "discover"}]}, "/recipe/0", "starts_anew"),
        ({"recipe": [{"stage": "refine", "grid": 4}]}, "/recipe/0/grid", "inexact_refinement"),
    ],
)
def test_what_does_not_go_on_is_refused(
    shop: Shop, first: VersionRow, spec: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        shop.resolve(**{"init": INIT, **spec})
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(pointer, code)]


def test_a_difference_is_named(shop: Shop, first: VersionRow) -> None:
    with pytest.raises(InvalidSpec, match="missing 'c'; not among them 'z'"):
        shop.resolve(init=INIT, inputs=["a", "b", "z"])


def test_a_column_of_another_type_is_refused(shop: Shop, first: VersionRow) -> None:
    other = shop.store(a_frame().with_columns(b=pl.col("c")))
    with pytest.raises(InvalidSpec, match="'b' is a category in the data set and a number in version 1 of toy"):
        shop.resolve(init=INIT, dataset=other)


def test_a_parent_that_is_deleted_meanwhile_leaves_a_child_without_parent(
    shop: Shop, first: VersionRow, sessions: sessionmaker[Session]
) -> None:
    draft = shop.resolve(init=INIT, recipe=FIT)
    trained = shop.trained(draft)
    create_job(shop.session, draft, max_queue=10, max_attempts=1)
    shop.session.commit()
    claimed = claim_next_job(shop.session, "wk_a", 60.0)
    assert claimed is not None
    with sessions() as other:
        delete_version(other, "toy", "1")
    finish_with_model(shop.session, claimed[0], trained)
    assert get_version(shop.session, "toy", "2").parent_id is None


@pytest.mark.parametrize("change", [{"outside": "zero"}, {"degree": 2}])
def test_a_network_that_cannot_be_trained_is_refused_before_it_is_a_job(
    shop: Shop, publish: Callable[..., VersionRow], change: dict[str, Any]
) -> None:
    state, _ = compiled_state(ExpressionDraft("toy", "sin(a + b)", {"a": [-2, 2], "b": [-4, 4]}))
    other = random_network(*state.widths, **change)
    state = replace(state, layers=(state.layers[0], *other.layers[1:]), outside=other.outside)
    version = publish(state, name="odd")
    with pytest.raises(InvalidSpec) as refused:
        shop.resolve(init={"model": "odd", "version": version.version}, recipe=[{"stage": "refit"}])
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/init", "not_supported")]


def test_a_version_made_of_an_expression_is_fitted_without_a_warning(
    shop: Shop, publish: Callable[..., VersionRow], network_of: Any
) -> None:
    state, _ = compiled_state(ExpressionDraft("toy", "a*b + 1", {"a": [-2, 2], "b": [-4, 4]}))
    version = publish(state, name="law", training={"expression": "a*b + 1"}, seed=None)
    draft = shop.resolve(init={"model": "law", "version": version.version}, recipe=[{"stage": "refit"}])
    assert not [text for text in draft.resolved["warnings"] if "may be among the test rows" in text]
    assert shop.trained(draft).metrics["train"]["rmse"] > 0
