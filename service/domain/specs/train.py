"""A train spec checked against its data set and resolved into what will run; nothing is trained or stored here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kan.config import Choose
from kan.config_json import stage_to_json
from kan.constraints import kept_constraints
from service.domain.leasing.placement import device_facts
from service.domain.leasing.starts import Start, columns_of, with_defaults
from service.domain.limits import Limits
from service.domain.specs.columns import choose_columns
from service.domain.specs.faults import invalid
from service.domain.specs.held_out import HeldOut
from service.domain.specs.networks import network_of, shown_network
from service.domain.specs.recipes import check_fit_together, recipe_of, with_kept_shapes
from service.domain.specs.sizes import expected_seconds, sizes_of

DEFAULT_TEST_FRACTION, LARGEST_TEST_FRACTION = 0.2, 0.9


def resolve_train_spec(
    spec: Mapping[str, Any],
    dataset_columns: Sequence[Mapping[str, Any]],
    dataset_rows: int,
    limits: Limits,
    start: Start | None = None,
    *,
    held_out: HeldOut | None = None,
) -> dict[str, Any]:
    """Gives what a train job will run.

    Args:
        spec: as sent, its fields of the right JSON types.
        dataset_columns: `columns` of the data set.
        dataset_rows: rows of the data set.
        start: the version to go on from.
        held_out: the data set that judges; None where some of the rows do.

    Returns:
        inputs, targets, task, search (the recipe finds the network), network, recipe (every field), parameters,
        init (of a start: its model, version, version_id, sha256), optimizer,
        memory_bytes, expected_seconds (of one core), device, device_reason, seed, test_fraction, split_column,
        test_dataset (of a data set that judges: its id, rows, sha256), warnings.

    Raises:
        InvalidSpec: with a fault for everything that is wrong.
    """
    spec = spec if start is None else with_defaults(spec, start, dataset_columns)
    spec = spec if held_out is None else {**spec, "test_fraction": 0.0, "split_column": None}
    test_fraction = _test_fraction(spec)
    columns = choose_columns(spec, dataset_columns, dataset_rows)
    if held_out is not None:
        held_out.check(dataset_columns, [*columns.inputs, *columns.targets])
    recipe = recipe_of(spec, limits, goes_on=start is not None)
    search = any(isinstance(stage, Choose) for stage in recipe)
    columns = columns if start is None else columns_of(start, columns, dataset_columns)
    config = network_of(spec, search=search, limits=limits) if start is None else start.config
    check_fit_together(config, recipe, search=search, goes_on=start is not None)
    as_it_runs = with_kept_shapes(recipe, () if start is None else kept_constraints(start.state))
    all_rows = dataset_rows + (0 if held_out is None else held_out.rows)
    sizes = sizes_of(config, as_it_runs, columns, all_rows, limits)
    return {
        "inputs": columns.inputs,
        "targets": columns.targets,
        "task": columns.task,
        "search": search,
        "network": shown_network(config, search=search, start=start),
        **({} if start is None else {"init": start.facts}),
        **({} if held_out is None else {"test_dataset": held_out.facts}),
        "recipe": [stage_to_json(stage) for stage in recipe],
        **sizes.facts,
        "expected_seconds": expected_seconds(config, recipe, columns, dataset_rows * (1 - test_fraction)),
        **device_facts(spec, sizes.costs),
        "seed": int(spec.get("seed") or 0),
        "test_fraction": test_fraction,
        "split_column": spec.get("split_column"),
        "warnings": [*columns.warnings, *sizes.reasons][:20],
    }


def _test_fraction(spec: Mapping[str, Any]) -> float:
    fraction = float(DEFAULT_TEST_FRACTION if spec.get("test_fraction") is None else spec["test_fraction"])
    if not 0.0 <= fraction <= LARGEST_TEST_FRACTION:
        message = f"expected a number between 0 and {LARGEST_TEST_FRACTION:g}"
        raise invalid("/test_fraction", "out_of_range", message)
    return fraction
