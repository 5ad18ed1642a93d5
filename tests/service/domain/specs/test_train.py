"""Train specs: every fault by pointer and code before anything is built; what is resolved can run."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from kan.config import STAGES
from kan.network import Kan
from kan.presets import PRESETS
from service.domain.errors import InvalidSpec
from service.domain.limits import Limits
from service.domain.specs.train import resolve_train_spec
from service.settings import Settings

LIMITS = Limits.from_settings(Settings())


def column(
    name: str, kind: str = "number", *, missing: int = 0, distinct: int = 90, reason: str = ""
) -> dict[str, Any]:
    facts = {"name": name, "type": kind, "missing": missing, "distinct": distinct, "constant": reason == "constant"}
    return {**facts, "reason": reason} if reason else facts


COLUMNS = [
    column("a"), column("b", missing=3), column("c", "category", distinct=4), column("y"), column("z"),
    column("label", "category", distinct=3), column("k", "ignored", distinct=1, reason="constant"),
    column("text", "ignored", reason="free text"), column("part", "category", distinct=3),
    column("empty", missing=97),
]  # fmt: skip
VALID: dict[str, Any] = {"targets": ["y"], "inputs": ["a", "b", "c"], "network": {"hidden": [3]}}


def resolved(rows: int = 100, columns: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    return resolve_train_spec({**VALID, **spec}, columns or COLUMNS, rows, LIMITS)


WIDE = {"hidden": [400, 400]}
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"network": {"hidden": [3], "multiply": 1}}, "/network/multiply", "invalid_network"),
    ({"network": {"hidden": [3], "multiply": [[1]]}}, "/network/multiply", "invalid_network"),
    ({"network": {"hidden": [3], "multiply": [0, 1]}}, "/network/multiply", "invalid_network"),
    ({"network": {"hidden": [3], "multiply": [[100] * 41]}}, "/network/hidden", "too_wide"),
    (
        {"recipe": [{"stage": "average"}], "network": {"hidden": [3], "multiply": [1]}},
        "/recipe/0",
        "invalid_stage",
    ),
    ({"targets": []}, "/targets", "missing"),
    ({"targets": ["nothing"]}, "/targets/0", "unknown_column"),
    ({"targets": ["y", "y"]}, "/targets/1", "duplicate_column"),
    ({"targets": ["k"]}, "/targets/0", "constant"),
    ({"targets": ["text"]}, "/targets/0", "unusable_column"),
    ({"targets": ["y", "label"], "task": "regression"}, "/targets/1", "not_a_number"),
    ({"targets": ["y", "label"]}, "/targets", "too_many_targets"),
    ({"targets": ["y"], "task": "cluster"}, "/task", "unknown_task"),
    ({"inputs": ["a", "nothing"]}, "/inputs/1", "unknown_column"),
    ({"inputs": ["a", "a"]}, "/inputs/1", "duplicate_column"),
    ({"inputs": ["a", "y"]}, "/inputs/1", "also_target"),
    ({"inputs": ["a", "k"]}, "/inputs/1", "constant"),
    ({"inputs": ["text"]}, "/inputs/0", "unusable_column"),
    ({"split_column": "nothing"}, "/split_column", "unknown_column"),
    ({"split_column": "c"}, "/inputs/2", "also_target"),
    ({"targets": ["empty"]}, "/dataset", "too_few_rows"),
    ({"test_fraction": -0.1}, "/test_fraction", "out_of_range"),
    ({"test_fraction": 1.0}, "/test_fraction", "out_of_range"),
    ({"test_fraction": float("nan")}, "/test_fraction", "out_of_range"),
    ({"preset": "slow"}, "/preset", "unknown_preset"),
    ({"preset": "quick", "recipe": [{"stage": "fit"}]}, "/recipe", "conflict"),
    ({"recipe": []}, "/recipe", "invalid_length"),
    ({"recipe": [{"stage": "fit"}] * 51}, "/recipe", "invalid_length"),
    ({"recipe": [{"stage": "fit", "steps": 1_000_000}] * 2}, "/recipe", "too_many_steps"),
    ({"recipe": [{"stage": "fit"}, {"stage": "train"}]}, "/recipe/1/stage", "invalid_stage"),
    ({"recipe": [{"stage": ["fit"]}]}, "/recipe/0/stage", "invalid_stage"),
    ({"recipe": [{"stage": "fit", "lr": 1}]}, "/recipe/0/lr", "invalid_stage"),
    ({"recipe": ["fit"]}, "/recipe/0", "invalid_stage"),
    ({"recipe": [{"stage": "refit"}]}, "/recipe/0", "invalid_stage"),
    ({"recipe": [{"stage": "prune"}]}, "/recipe/0", "invalid_stage"),
    ({"recipe": [{"stage": "fit", "lamb": 1e-3, "optimizer": "adam"}]}, "/recipe/0/optimizer", "invalid_stage"),
    ({"recipe": [{"stage": "prune", "max_metric_loss": -1}]}, "/recipe/0/max_metric_loss", "invalid_stage"),
    ({"recipe": [{"stage": "average"}], "network": {"hidden": [3, 3]}}, "/recipe/0", "invalid_stage"),
    ({"recipe": [{"stage": "fit"}, {"stage": "refine", "grid": 7}]}, "/recipe/1/grid", "inexact_refinement"),
    ({"recipe": [{"stage": "choose"}]}, "/network", "conflict"),
    ({"network": {"hidden": 5}}, "/network/hidden", "invalid_network"),
    ({"network": {"hidden": [0]}}, "/network/hidden", "invalid_network"),
    ({"network": {"widht": [3]}}, "/network/widht", "invalid_network"),
    ({"network": {"grid": 1.5}}, "/network/grid", "invalid_network"),
    ({"network": {"hidden": [1] * 64}}, "/network/hidden", "too_many_layers"),
    ({"network": {"hidden": [4097]}}, "/network/hidden", "too_wide"),
    ({"network": {"hidden": [4096, 4096]}}, "/network", "too_many_parameters"),
    ({"network": WIDE, "recipe": [{"stage": "fit", "optimizer": "lm"}]}, "/network", "too_much_memory"),
    ({"network": WIDE, "recipe": [{"stage": "refine", "grid": 1000}]}, "/network", "too_many_parameters"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "pointer", "code"), FAULTS, ids=str)
def test_fault_is_refused_by_pointer_and_code(spec: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolved(**spec)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(pointer, code)]
    assert all(fault.message for fault in caught.value.faults)


def test_every_unknown_column_is_told_at_once_with_the_closest_name() -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolved(inputs=["lable", "q"])
    assert [fault.pointer for fault in caught.value.faults] == ["/inputs/0", "/inputs/1"]
    assert "did you mean 'label'?" in caught.value.faults[0].message


@pytest.mark.parametrize("classes", [1, 257])
def test_one_class_and_too_many_are_refused(classes: int) -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolved(columns=[column("a"), column("y", distinct=classes)], inputs=["a"], task="classification")
    assert [(f.pointer, f.code) for f in caught.value.faults] == [("/targets/0", "wrong_class_count")]


def test_data_set_without_another_column_is_refused() -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolve_train_spec({"targets": ["y"]}, [column("y"), COLUMNS[6]], 100, LIMITS)
    assert [(f.pointer, f.code) for f in caught.value.faults] == [("/inputs", "no_inputs")]


@pytest.mark.parametrize("hidden", [[4096] * 63, [4096, 4096]], ids=["63 layers", "2 layers"])
def test_absurd_network_is_refused_with_its_exact_count_at_once_and_without_memory(hidden: list[int]) -> None:
    # Inputs: two numbers, one of them with a missing flag of two levels, and a category of four.
    count = 2 * 1004 * 4096 + (2 + 4) * 4096 + (len(hidden) - 1) * 1004 * 4096**2 + 1004 * 4096
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(InvalidSpec, match=f"{count:,} parameters") as caught:
        resolved(network={"hidden": hidden, "grid": 1000})
    seconds = time.process_time() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.faults[0].code == "too_many_parameters"
    # Not a speed claim: building one such layer would take minutes and terabytes.
    assert seconds < 1.0
    assert peak < 1_000_000


def test_largest_network_allowed_is_taken_and_one_node_more_is_not() -> None:
    limit = 20_000_000
    # One input and one output: per hidden node 9 numbers from the input and 9 to the output, 9 * w between layers.
    allowed = max(w for w in range(1, 4096) if 9 * w + 9 * w * w + 9 * w <= limit)
    wide: dict[str, Any] = {"columns": [column("a"), column("y")], "inputs": ["a"]}
    assert resolved(**wide, network={"hidden": [allowed] * 2})["parameters"] == 18 * allowed + 9 * allowed**2
    with pytest.raises(InvalidSpec, match="the limit is 20,000,000"):
        resolved(**wide, network={"hidden": [allowed + 1] * 2})


def test_defaults_are_resolved_and_shown_in_full() -> None:
    found = resolve_train_spec({"targets": ["y"]}, COLUMNS, 100, LIMITS)
    assert found["inputs"] == ["a", "b", "c", "z", "label", "part", "empty"]
    assert (found["task"], found["search"], found["network"]) == ("regression", True, "auto")
    assert (found["seed"], found["test_fraction"], found["device"]) == (0, 0.2, "cpu")
    assert [stage["stage"] for stage in found["recipe"]] == ["choose", "average", "extend"]
    assert all(set(stage) == {"stage", *vars(STAGES[stage["stage"]]())} for stage in found["recipe"])
    assert "column 'k' is not used: constant" in found["warnings"]


def test_category_target_means_classification_and_a_number_target_may_be_asked_to() -> None:
    assert resolved(targets=["label"])["task"] == "classification"
    assert resolved(targets=["z"], task="classification")["task"] == "classification"


def test_parameters_are_those_of_the_network_that_would_be_built() -> None:
    network = Kan([4, 3, 1], input_levels=(None, None, 2, 4))
    assert resolved()["parameters"] == sum(weights.numel() for weights in network.parameters())
    assert resolved()["optimizer"] == "lm"
    assert resolved(network={"hidden": [300, 300]})["optimizer"] == "adam"


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_optimizer_that_a_fit_asks_for_is_told_beside_that_of_the_refit(optimizer: str) -> None:
    found = resolved(recipe=[{"stage": "fit", "optimizer": optimizer}, {"stage": "refit"}])
    assert found["optimizer"] == optimizer
    told = [warning.split(":")[0] for warning in found["warnings"] if warning.startswith("optimizer ")]
    assert told == [f"optimizer {optimizer}", "optimizer lm"]


def test_average_counts_all_its_members() -> None:
    one, ten = (
        resolved(recipe=[{"stage": "average", "members": members}], network={"hidden": [3], "base": "zero"})
        for members in (1, 10)
    )
    assert ten["parameters"] == 10 * one["parameters"]


def test_fractions_and_seeds_at_their_ends_are_taken() -> None:
    assert resolved(test_fraction=0.0)["test_fraction"] == 0.0
    assert resolved(test_fraction=0.9)["test_fraction"] == 0.9
    assert resolved(seed=2**53 - 1)["seed"] == 2**53 - 1


def test_target_of_one_value_and_missing_cells_is_refused() -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolved(columns=[column("a"), column("y", missing=2, distinct=1)], inputs=["a"])
    assert (caught.value.faults[0].pointer, caught.value.faults[0].code) == ("/targets/0", "constant")


@pytest.mark.parametrize("preset", PRESETS)
def test_product_nodes_are_resolved_and_counted(preset: str) -> None:
    found = resolved(network={"hidden": [2], "multiply": [1]}, preset=preset)
    assert found["network"]["multiply"] == [1]
    # Sums: two nodes and two factors; inputs: two numbers, a flag of two levels and a category of four.
    assert found["parameters"] == (2 * 9 + 2 + 4) * 4 + 3 * 9
