"""The stages of a train spec: read from its recipe or its preset, and checked one against the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kan.config import Average, Choose, Fit, NetworkConfig, Refine, Refit, Stage, Starts
from kan.config_constraints import Constraint
from kan.config_json import stage_from_json
from kan.config_sparsity import Prune
from kan.config_symbolic import Discover, Symbolify
from kan.errors import InvalidConfig
from kan.presets import PRESETS, preset_recipe
from service.domain.limits import Limits
from service.domain.specs.faults import invalid
from service.domain.specs.networks import is_auto

DEFAULT_PRESET = "balanced"
# Stages that build networks of their own.
ANEW = (Starts, Choose, Average, Discover)
GOING_ON = (Fit(), Refit())


def recipe_of(spec: Mapping[str, Any], limits: Limits, *, goes_on: bool) -> tuple[Stage, ...]:
    """Gives the stages of the spec's recipe, or of its preset.

    Raises:
        InvalidSpec: an unknown preset, or stages that are none or too many.
    """
    given = spec.get("recipe")
    if given is None and goes_on:
        return GOING_ON
    if given is None:
        name = spec.get("preset") or DEFAULT_PRESET
        if name not in PRESETS:
            raise invalid("/preset", "unknown_preset", f"expected one of {', '.join(PRESETS)}")
        return preset_recipe(name, search=is_auto(spec))
    if spec.get("preset") is not None:
        raise invalid("/recipe", "conflict", "expected either a preset or a recipe, got both")
    if not given or len(given) > limits.max_recipe_stages:
        raise invalid("/recipe", "invalid_length", f"expected 1 to {limits.max_recipe_stages} stages, got {len(given)}")
    stages = tuple(_stage(number, value) for number, value in enumerate(given))
    if sum(getattr(stage, "steps", 0) for stage in stages) > limits.max_recipe_steps:
        raise invalid("/recipe", "too_many_steps", f"expected at most {limits.max_recipe_steps:,} steps in all")
    return stages


def _stage(number: int, value: object) -> Stage:
    try:
        return stage_from_json(value)
    except InvalidConfig as error:
        pointer = f"/recipe/{number}/{error.field}".rstrip("/")
        raise invalid(pointer, "invalid_stage", error.message) from error


def check_fit_together(config: NetworkConfig, recipe: Sequence[Stage], *, search: bool, goes_on: bool) -> None:
    """Refuses an inexact refinement, an average of deep networks and a fresh start of a trained one."""
    for number, stage in enumerate(recipe):
        if goes_on and isinstance(stage, ANEW):
            message = f"{stage.stage} starts anew, which would drop the network to go on from"
            raise invalid(f"/recipe/{number}", "starts_anew", message)
    if not goes_on and isinstance(recipe[0], Refit | Prune | Symbolify):
        message = f"expected a stage that trains before {recipe[0].stage}, such as fit"
        raise invalid("/recipe/0", "invalid_stage", message)
    grid = None if search else config.grid
    for number, stage in enumerate(recipe):
        if isinstance(stage, Average) and not search and (len(config.hidden) > 1 or any(config.products)):
            message = "average joins networks with at most one hidden layer, without product nodes"
            raise invalid(f"/recipe/{number}", "invalid_stage", message)
        if isinstance(stage, Refine):
            if grid is not None and stage.exact and stage.grid % grid:
                message = f'expected a multiple of grid {grid}, which keeps the function, or "exact": false'
                raise invalid(f"/recipe/{number}/grid", "inexact_refinement", message)
            grid = stage.grid
        elif not isinstance(stage, Starts):
            grid = grid if stage.stage in ("fit", "refit", "move_grid", "prune") else None


def with_kept_shapes(recipe: Sequence[Stage], kept: tuple[Constraint, ...]) -> list[Stage]:
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
                raise invalid(f"/recipe/{number}/{error.field}", "conflict", message) from error
        found.append(stage)
    return found
