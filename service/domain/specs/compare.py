"""A comparison's spec checked against its data set and resolved into what will run on every split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kan.comparison_sides import BASELINES, MLP_PARAMETERS, MLP_TIME
from kan.config_json import stage_to_json
from kan.presets import preset_recipe
from service.domain.errors import Fault, InvalidSpec
from service.domain.limits import Limits
from service.domain.specs.train import resolve_train_spec

DEFAULT_SEEDS, MOST_SEEDS = (0, 1, 2), 20
LARGEST_SEED = 2**53 - 1
READABLE = "interpretable"
# Copies of the spread-out rows that a perceptron's training holds at once.
_COPIES = 4
_BYTES = 8
# A perceptron's training as measured on 300 rows: epochs until the validation rows have had enough, twice.
_EPOCHS, _EPOCH_SECONDS, _ROW_SECONDS = 1_500, 5e-3, 1e-5


def resolve_compare_spec(
    spec: Mapping[str, Any], dataset_columns: Sequence[Mapping[str, Any]], dataset_rows: int, limits: Limits
) -> dict[str, Any]:
    """Gives what a compare job will run: all of a train job, and the other sides.

    Args:
        spec: as sent, its fields of the right JSON types.
        dataset_columns: `columns` of the data set.
        dataset_rows: rows of the data set.

    Returns:
        as `resolve_train_spec`, with baselines, seeds and formula_recipe (None where the preset makes formulas itself);
        the device is the CPU.

    Raises:
        InvalidSpec: with a fault for everything that is wrong.
    """
    resolved = resolve_train_spec(spec, dataset_columns, dataset_rows, limits)
    if resolved["test_fraction"] == 0 and resolved["split_column"] is None:
        raise _invalid("/test_fraction", "out_of_range", "a comparison needs test rows: expected more than 0")
    _check_memory(resolved, dataset_columns, dataset_rows, limits)
    same = spec.get("preset") == READABLE
    recipe = preset_recipe(READABLE, search=resolved["network"] == "auto")
    baselines = _chosen(spec, "baselines", BASELINES, len(BASELINES))
    seeds = _chosen(spec, "seeds", None, MOST_SEEDS)
    formula = {} if same else {**spec, "preset": READABLE, "recipe": None}
    seconds = _seconds_of_a_seed(
        resolved["expected_seconds"],
        resolve_train_spec(formula, dataset_columns, dataset_rows, limits)["expected_seconds"] if formula else 0.0,
        baselines,
        dataset_rows,
    )
    return {
        **resolved,
        "baselines": baselines,
        "seeds": seeds,
        "expected_seconds": float(f"{len(seeds) * seconds:.2g}"),
        "formula_recipe": None if same else [stage_to_json(stage) for stage in recipe],
        "device": "cpu",
        "device_reason": "sides are compared by CPU seconds",
    }


def _seconds_of_a_seed(kan: float, formula: float, baselines: Sequence[str], rows: int) -> float:
    """Gives the seconds of all sides on one split; the perceptrons of equal time take the KAN's, one of them at least.

    Args:
        kan, formula: seconds of these two sides.
        baselines: that are compared.
        rows: of the data set.
    """
    one = _EPOCHS * (_EPOCH_SECONDS + _ROW_SECONDS * rows)
    perceptrons = {MLP_PARAMETERS: one, MLP_TIME: max(kan, one)}
    return kan + formula + sum(perceptrons.get(side, 0.0) for side in baselines)


def _chosen(spec: Mapping[str, Any], name: str, known: Sequence[str] | None, most: int) -> list[Any]:
    """Gives a list of the spec, each entry once."""
    given = spec.get(name)
    if given is None:
        return list(known if known is not None else DEFAULT_SEEDS)
    faults = [
        Fault(f"/{name}/{place}", "duplicate", "named twice")
        for place, value in enumerate(given)
        if value in given[:place]
    ]
    if known is not None:
        message = f"expected one of {', '.join(known)}"
        faults += [
            Fault(f"/{name}/{i}", "unknown_baseline", message) for i, value in enumerate(given) if value not in known
        ]
    elif not 1 <= len(given) <= most:
        faults.append(Fault(f"/{name}", "invalid_length", f"expected 1 to {most} seeds, got {len(given)}"))
    if faults:
        raise InvalidSpec(f"{faults[0].pointer}: {faults[0].message}", faults)
    # In the order in which they run, whatever the order asked for.
    return list(given) if known is None else [value for value in known if value in given]


def _check_memory(
    resolved: Mapping[str, Any], described: Sequence[Mapping[str, Any]], rows: int, limits: Limits
) -> None:
    """Refuses categories that are too large once they are spread out, one column a level."""
    inputs = [column for column in described if column["name"] in set(resolved["inputs"])]
    wide = sum(int(c["distinct"]) + 1 if c["type"] == "category" else 1 + (int(c["missing"]) > 0) for c in inputs)
    needed = _COPIES * _BYTES * rows * wide
    if needed > limits.max_training_bytes:
        message = f"an MLP would take {needed:,} bytes; the limit is {limits.max_training_bytes:,}"
        raise _invalid("/baselines", "too_much_memory", message)


def _invalid(pointer: str, code: str, message: str) -> InvalidSpec:
    return InvalidSpec(f"{pointer}: {message}", [Fault(pointer, code, message)])
