"""A train spec checked against its data set and resolved into what will run; nothing is trained or stored here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kan.config import Average, Choose, Fit, NetworkConfig, Refine, Refit, Stage, Starts
from kan.config_constraints import Constraint
from kan.config_json import read_fields, stage_from_json, stage_to_json
from kan.config_sparsity import Prune
from kan.config_symbolic import Discover, Symbolify
from kan.constraints import kept_constraints
from kan.cost import MEMBER_ROWS, training_cost
from kan.errors import InvalidConfig
from kan.presets import PRESETS, preset_recipe
from kan.time_cost import Job, training_seconds
from service.domain.errors import Fault, InvalidSpec
from service.domain.leasing.placement import device_facts
from service.domain.leasing.starts import Start, columns_of, with_defaults
from service.domain.limits import Limits
from service.domain.signatures import network_facts
from service.domain.specs.columns import Columns, choose_columns
from service.domain.specs.held_out import HeldOut

DEFAULT_PRESET = "balanced"
VALIDATION_FRACTION = 0.2
DEFAULT_TEST_FRACTION, LARGEST_TEST_FRACTION = 0.2, 0.9
# Stages that build networks of their own.
ANEW = (Starts, Choose, Average, Discover)
GOING_ON = (Fit(), Refit())


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
    recipe = _recipe(spec, limits, goes_on=start is not None)
    search = any(isinstance(stage, Choose) for stage in recipe)
    columns = columns if start is None else columns_of(start, columns, dataset_columns)
    config = _network(spec, search=search, limits=limits) if start is None else start.config
    _check_fit_together(config, recipe, search=search, goes_on=start is not None)
    all_rows = dataset_rows + (0 if held_out is None else held_out.rows)
    rows = min(all_rows, MEMBER_ROWS) if search else all_rows
    shapes = _shapes(config, _with_kept_shapes(recipe, () if start is None else kept_constraints(start.state)))
    costs = [training_cost(shape, columns.input_levels, columns.outputs, rows, by) for shape, by in shapes]
    largest = max(costs, key=lambda cost: cost.parameters)
    reasons = {cost.optimizer: cost.reason for cost in sorted(costs, key=lambda cost: cost.parameters)}
    memory = max(cost.memory_bytes for cost in costs)
    _check_size(config, largest.parameters, memory, limits)
    return {
        "inputs": columns.inputs,
        "targets": columns.targets,
        "task": columns.task,
        "search": search,
        "network": _shown_network(config, search=search, start=start),
        **({} if start is None else {"init": start.facts}),
        **({} if held_out is None else {"test_dataset": held_out.facts}),
        "recipe": [stage_to_json(stage) for stage in recipe],
        "parameters": largest.parameters,
        "optimizer": largest.optimizer,
        "memory_bytes": memory,
        "expected_seconds": _expected_seconds(config, recipe, columns, dataset_rows * (1 - test_fraction)),
        **device_facts(spec, costs),
        "seed": int(spec.get("seed") or 0),
        "test_fraction": test_fraction,
        "split_column": spec.get("split_column"),
        "warnings": [*columns.warnings, *(f"optimizer {name}: {reason}" for name, reason in reasons.items())][:20],
    }


def _expected_seconds(config: NetworkConfig, recipe: Sequence[Stage], columns: Columns, rows: float) -> float:
    """Gives the seconds of one core, to the two digits that a guess is worth."""
    learnt = int(rows * (1 - VALIDATION_FRACTION))
    job = Job(tuple(columns.input_levels), columns.outputs, learnt, columns.task == "classification")
    return float(f"{training_seconds(config, recipe, job):.2g}")


def _test_fraction(spec: Mapping[str, Any]) -> float:
    fraction = float(DEFAULT_TEST_FRACTION if spec.get("test_fraction") is None else spec["test_fraction"])
    if not 0.0 <= fraction <= LARGEST_TEST_FRACTION:
        message = f"expected a number between 0 and {LARGEST_TEST_FRACTION:g}"
        raise _invalid("/test_fraction", "out_of_range", message)
    return fraction


def _shown_network(config: NetworkConfig, *, search: bool, start: Start | None) -> Any:
    if start is not None:
        return network_facts(start.state)["network"]
    return "auto" if search else config.to_json()


def _recipe(spec: Mapping[str, Any], limits: Limits, *, goes_on: bool) -> tuple[Stage, ...]:
    """Gives the stages of the spec's recipe, or of its preset."""
    given = spec.get("recipe")
    if given is None and goes_on:
        return GOING_ON
    if given is None:
        name = spec.get("preset") or DEFAULT_PRESET
        if name not in PRESETS:
            raise _invalid("/preset", "unknown_preset", f"expected one of {', '.join(PRESETS)}")
        return preset_recipe(name, search=_is_auto(spec))
    if spec.get("preset") is not None:
        raise _invalid("/recipe", "conflict", "expected either a preset or a recipe, got both")
    if not given or len(given) > limits.max_recipe_stages:
        raise _invalid(
            "/recipe", "invalid_length", f"expected 1 to {limits.max_recipe_stages} stages, got {len(given)}"
        )
    stages = tuple(_stage(number, value) for number, value in enumerate(given))
    if sum(getattr(stage, "steps", 0) for stage in stages) > limits.max_recipe_steps:
        raise _invalid("/recipe", "too_many_steps", f"expected at most {limits.max_recipe_steps:,} steps in all")
    return stages


def _stage(number: int, value: object) -> Stage:
    try:
        return stage_from_json(value)
    except InvalidConfig as error:
        pointer = f"/recipe/{number}/{error.field}".rstrip("/")
        raise _invalid(pointer, "invalid_stage", error.message) from error


def _is_auto(spec: Mapping[str, Any]) -> bool:
    return spec.get("network") in (None, "auto")


def _network(spec: Mapping[str, Any], *, search: bool, limits: Limits) -> NetworkConfig:
    """Gives the network of the spec; where the recipe searches, only a start value."""
    if _is_auto(spec):
        return NetworkConfig()
    if search:
        raise _invalid("/network", "conflict", 'a recipe with a "choose" stage finds the network: expected "auto"')
    values = {key: value for key, value in spec["network"].items() if value is not None}
    try:
        config: NetworkConfig = read_fields(NetworkConfig, values)
    except InvalidConfig as error:
        raise _invalid(f"/network/{error.field}", "invalid_network", error.message) from error
    if len(config.multiply) > len(config.hidden):
        message = "expected one entry for each hidden layer: a target is no product, for its mean is taken off"
        raise _invalid("/network/multiply", "invalid_network", message)
    if len(config.hidden) > limits.max_hidden_layers:
        raise _invalid(
            "/network/hidden", "too_many_layers", f"expected at most {limits.max_hidden_layers} hidden layers"
        )
    return config


def _check_fit_together(config: NetworkConfig, recipe: Sequence[Stage], *, search: bool, goes_on: bool) -> None:
    """Refuses an inexact refinement, an average of deep networks and a fresh start of a trained one."""
    for number, stage in enumerate(recipe):
        if goes_on and isinstance(stage, ANEW):
            message = f"{stage.stage} starts anew, which would drop the network to go on from"
            raise _invalid(f"/recipe/{number}", "starts_anew", message)
    if not goes_on and isinstance(recipe[0], Refit | Prune | Symbolify):
        message = f"expected a stage that trains before {recipe[0].stage}, such as fit"
        raise _invalid("/recipe/0", "invalid_stage", message)
    grid = None if search else config.grid
    for number, stage in enumerate(recipe):
        if isinstance(stage, Average) and not search and (len(config.hidden) > 1 or any(config.products)):
            message = "average joins networks with at most one hidden layer, without product nodes"
            raise _invalid(f"/recipe/{number}", "invalid_stage", message)
        if isinstance(stage, Refine):
            if grid is not None and stage.exact and stage.grid % grid:
                message = f'expected a multiple of grid {grid}, which keeps the function, or "exact": false'
                raise _invalid(f"/recipe/{number}/grid", "inexact_refinement", message)
            grid = stage.grid
        elif not isinstance(stage, Starts):
            grid = grid if stage.stage in ("fit", "refit", "move_grid", "prune") else None


def _with_kept_shapes(recipe: Sequence[Stage], kept: tuple[Constraint, ...]) -> list[Stage]:
    """Gives the recipe as it will run: each stage that trains with the shapes that edges keep.

    Args:
        recipe: the stages.
        kept: what the network that is gone on from has promised.

    Raises:
        InvalidSpec: a penalty or an optimizer that would not keep them.
    """
    found: list[Stage] = []
    for number, stage in enumerate(recipe):
        kept = () if isinstance(stage, ANEW) else kept
        if isinstance(stage, Fit | Refit):
            kept = kept if stage.constraints is None else stage.constraints
            try:
                stage = replace(stage, constraints=kept)
            except InvalidConfig as error:
                message = f'{error.message}, for edges keep a shape; "constraints": [] gives the shapes up'
                raise _invalid(f"/recipe/{number}/{error.field}", "conflict", message) from error
        found.append(stage)
    return found


def _shapes(config: NetworkConfig, recipe: Sequence[Stage]) -> list[tuple[NetworkConfig, str]]:
    """Gives every shape that the recipe may build, as far as it is known beforehand, and the optimizer asked for."""
    shapes: list[tuple[NetworkConfig, str]] = []
    for stage in recipe:
        if isinstance(stage, Choose):
            pairs = [(hidden, grid) for hidden in stage.hidden for grid in stage.grids]
            found = [
                replace(config, hidden=(hidden,) if hidden else (), grid=grid, base="zero") for hidden, grid in pairs
            ]
            shapes += [(shape, "auto") for shape in found]
            config = max(found, key=lambda shape: sum(shape.hidden) * (shape.grid + shape.degree))
        elif isinstance(stage, Average):
            config = replace(config, hidden=tuple(width * stage.members for width in config.hidden), base="zero")
            shapes.append((config, "auto"))
        elif isinstance(stage, Refine):
            config = replace(config, grid=stage.grid)
            shapes.append((config, "auto"))
        else:
            shapes.append((config, stage.optimizer if isinstance(stage, Fit) else "auto"))
    return shapes


def _check_size(config: NetworkConfig, parameters: int, memory_bytes: int, limits: Limits) -> None:
    if parameters > limits.max_parameters:
        message = f"the network would have {parameters:,} parameters; the limit is {limits.max_parameters:,}"
        raise _invalid("/network", "too_many_parameters", message)
    if max(config.sums(0)) > limits.max_width:
        message = f"expected layers of at most {limits.max_width:,} sums; this would make {parameters:,} parameters"
        raise _invalid("/network/hidden", "too_wide", message)
    if memory_bytes > limits.max_training_bytes:
        message = f"training would take {memory_bytes:,} bytes; the limit is {limits.max_training_bytes:,}"
        raise _invalid("/network", "too_much_memory", message)


def _invalid(pointer: str, code: str, message: str) -> InvalidSpec:
    return InvalidSpec(f"{pointer}: {message}", [Fault(pointer, code, message)])
