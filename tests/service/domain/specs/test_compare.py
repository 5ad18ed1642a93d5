"""Compare specs: all that a train spec has, the other sides, and what is refused with a pointer."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from service.domain.columns import described_columns
from service.domain.errors import InvalidSpec
from service.domain.limits import Limits
from service.domain.specs.compare import resolve_compare_spec
from service.settings import Settings

FRAME = pl.DataFrame(
    {
        "a": [i / 7 for i in range(40)],
        "kind": ["b", "c"] * 20,
        "y": [float(i % 11) for i in range(40)],
        "id": [str(i) for i in range(40)],
    }
)


def resolved(**spec: Any) -> dict[str, Any]:
    limits = Limits.from_settings(Settings(max_training_bytes=spec.pop("max_training_bytes", 2**33)))
    full = {"kind": "compare", "targets": ["y"], "inputs": ["a", "kind"], **spec}
    return resolve_compare_spec(full, described_columns(FRAME, (), 256), len(FRAME), limits)


def test_all_baselines_three_seeds_and_the_formula_are_the_default() -> None:
    found = resolved()
    assert found["baselines"] == ["mlp_parameters", "mlp_time", "linear"]
    assert found["seeds"] == [0, 1, 2]
    assert [stage["stage"] for stage in found["formula_recipe"]] == ["choose", "discover", "symbolify"]
    assert [stage["stage"] for stage in found["recipe"]] == ["choose", "average", "extend"]
    assert (found["device"], found["task"]) == ("cpu", "regression")


def test_given_network_is_that_of_the_formula_too() -> None:
    found = resolved(network={"hidden": [2]}, baselines=["linear", "mlp_parameters"], seeds=[7])
    assert [stage["stage"] for stage in found["formula_recipe"]] == ["starts", "extend", "symbolify"]
    assert found["network"]["hidden"] == [2]
    # In the order in which they run.
    assert (found["baselines"], found["seeds"]) == (["mlp_parameters", "linear"], [7])


def test_interpretable_preset_has_no_second_side() -> None:
    assert resolved(preset="interpretable")["formula_recipe"] is None


@pytest.mark.parametrize(
    ("field", "value", "pointer", "code"),
    [
        ("seeds", [], "/seeds", "invalid_length"),
        ("seeds", list(range(21)), "/seeds", "invalid_length"),
        ("seeds", [1, 2, 1], "/seeds/2", "duplicate"),
        ("baselines", ["linear", "linear"], "/baselines/1", "duplicate"),
        ("baselines", ["boosting"], "/baselines/0", "unknown_baseline"),
        ("test_fraction", 0.0, "/test_fraction", "out_of_range"),
        ("preset", "nope", "/preset", "unknown_preset"),
        ("targets", ["z"], "/targets/0", "unknown_column"),
        ("max_training_bytes", 2**20, "/network", "too_much_memory"),
    ],
)
def test_wrong_values_are_refused_with_a_pointer(field: str, value: object, pointer: str, code: str) -> None:
    with pytest.raises(InvalidSpec) as raised:
        resolved(**{field: value})
    assert (raised.value.faults[0].pointer, raised.value.faults[0].code) == (pointer, code)


def test_categories_too_large_when_spread_out_are_refused() -> None:
    # 40,000 rows of 250 levels: 10 million numbers, four times; the KAN itself needs a fraction of that.
    rows = 40_000
    names = [str(i % 250) for i in range(rows)]
    frame = pl.DataFrame({"kind": names, "y": [float(i % 7) for i in range(rows)]})
    limits = Limits.from_settings(Settings(max_training_bytes=200 * 2**20))
    spec = {"targets": ["y"], "network": {"hidden": []}, "preset": "quick"}
    with pytest.raises(InvalidSpec) as raised:
        resolve_compare_spec(spec, described_columns(frame, (), 256), rows, limits)
    assert raised.value.faults[0].pointer == "/baselines"
