"""Expected seconds beside the CPU seconds that real trainings took, and what must follow from what."""

from __future__ import annotations

from typing import Any

import pytest

from kan.config import NetworkConfig, Stage
from kan.config_json import read_fields, stage_from_json
from kan.presets import PRESETS, preset_recipe
from kan.time_cost import Job, training_seconds

# Tables as they are trained: examples/data and a function of two columns without noise.
TOY = Job((None, None), 1, 192)
CONCRETE = Job((None,) * 8, 1, 659)
PENGUINS = Job((3, None, None, None, None, 3, None), 3, 220, is_class=True)
# Seconds of the whole training by `time.process_time`, one thread, seed 0.
MEASURED: list[tuple[Job, str, dict[str, Any] | None, float]] = [
    (TOY, "quick", None, 1.15),
    (TOY, "balanced", None, 1.93),
    (TOY, "thorough", None, 3.86),
    (TOY, "interpretable", None, 11.9),
    (TOY, "balanced", {"hidden": [5]}, 0.34),
    (PENGUINS, "quick", None, 0.34),
    (PENGUINS, "balanced", None, 0.29),
    (PENGUINS, "interpretable", None, 3.65),
    (CONCRETE, "quick", None, 0.73),
    (CONCRETE, "balanced", None, 6.39),
    (CONCRETE, "thorough", None, 10.5),
    (CONCRETE, "interpretable", None, 49.7),
    (TOY, "thorough", {"hidden": [5]}, 4.48),
    (CONCRETE, "quick", {"hidden": [5]}, 1.59),
    (CONCRETE, "balanced", {"hidden": [5]}, 1.91),
]


def recipe_of(preset: str, network: dict[str, Any] | None) -> tuple[NetworkConfig, tuple[Stage, ...]]:
    config = NetworkConfig() if network is None else read_fields(NetworkConfig, network)
    return config, preset_recipe(preset, search=network is None)


@pytest.mark.parametrize(("job", "preset", "network", "seconds"), MEASURED)
def test_a_preset_takes_about_as_long_as_it_took(
    job: Job, preset: str, network: dict[str, Any] | None, seconds: float
) -> None:
    config, recipe = recipe_of(preset, network)
    assert 0.5 <= training_seconds(config, recipe, job) / seconds <= 2.0


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("network", [None, {"hidden": [5]}])
def test_more_rows_take_longer(preset: str, network: dict[str, Any] | None) -> None:
    config, recipe = recipe_of(preset, network)
    few, many = Job((None,) * 6, 1, 500), Job((None,) * 6, 1, 5_000)
    assert training_seconds(config, recipe, few) < training_seconds(config, recipe, many)


def test_twice_the_steps_take_twice_as_long() -> None:
    def seconds(steps: int) -> float:
        stage = stage_from_json({"stage": "fit", "steps": steps, "patience": None})
        return training_seconds(NetworkConfig((8,)), [stage], CONCRETE)

    assert seconds(200) - seconds(100) == pytest.approx(seconds(100) - seconds(1), rel=0.02)


def test_a_bound_on_the_work_bounds_the_seconds() -> None:
    stage = stage_from_json({"stage": "refit", "steps": 10_000, "max_work": 3e10})
    assert training_seconds(NetworkConfig((20,)), [stage], CONCRETE) < 1.5


def test_every_stage_has_an_answer() -> None:
    recipe = [
        stage_from_json({"stage": name}) for name in ("fit", "refine", "move_grid", "prune", "symbolify", "refit")
    ]
    assert 0 < training_seconds(NetworkConfig(), recipe, CONCRETE) < 100
