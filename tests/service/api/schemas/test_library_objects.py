"""The API page shows stages, networks and operations as the library takes them."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from kan.config import STAGES, NetworkConfig
from kan.config_json import stage_from_json, stage_to_json
from kan.edits import OPERATIONS
from kan.presets import PRESETS, preset_recipe
from service.api.schemas.library_objects import Network, Operation, Stage


def validator(kind: type[Any]) -> Draft202012Validator:
    return Draft202012Validator(TypeAdapter(kind).json_schema())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("search", [True, False])
def test_every_stage_of_a_preset_fits_the_schema(preset: str, search: bool) -> None:
    for stage in preset_recipe(preset, search=search):
        validator(Stage).validate(stage_to_json(stage))


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_is_one_shape_with_all_its_fields(name: str) -> None:
    whole = stage_to_json(stage_from_json({"stage": name}))
    (shape,) = [shape for shape in Stage.schema["oneOf"] if shape["properties"]["stage"]["const"] == name]
    assert set(shape["properties"]) - {"early_stop"} == set(whole)
    assert validator(Stage).is_valid(whole)
    assert not validator(Stage).is_valid({**whole, "stps": 3})


def test_a_field_has_its_type_its_default_and_its_meaning() -> None:
    (fit,) = [shape for shape in Stage.schema["oneOf"] if shape["title"] == "Fit"]
    assert fit["properties"]["steps"] == {
        "type": "integer",
        "default": 100,
        "description": "Accepted or refused steps at most.",
    }
    assert fit["properties"]["lamb_entropy"]["description"].startswith("Of the sum and of the entropy")
    named, kept = fit["properties"]["constraints"]["anyOf"]
    assert kept == {"type": "null"}
    assert named["items"]["required"] == ["layer", "source", "target", "kind"]


def test_a_fit_may_spell_its_patience_as_early_stop() -> None:
    for early_stop in ({"patience": 20}, None):
        assert validator(Stage).is_valid({"stage": "fit", "early_stop": early_stop, "update_grid": False})
    assert not validator(Stage).is_valid({"stage": "fit", "early_stop": 20})
    assert not validator(Stage).is_valid({"stage": "refit", "early_stop": {"patience": 20}})


def test_a_network_fits_the_schema() -> None:
    for config in (NetworkConfig(), NetworkConfig((2, 3), multiply=(1, (2, 3)), base="zero")):
        validator(Network).validate(config.to_json())
    assert not validator(Network).is_valid({"hiden": [5]})


def test_every_operation_is_one_shape() -> None:
    names = [shape["properties"]["op"]["const"] for shape in Operation.schema["oneOf"]]
    assert names == list(OPERATIONS)
    assert validator(Operation).is_valid({"op": "prune_edge", "layer": 0, "source": 1, "target": 2})
    assert not validator(Operation).is_valid({"op": "prune_edge", "layer": 0, "source": 1})
    assert not validator(Operation).is_valid({"op": "prune_edge", "layer": 0, "source": "1", "target": 2})


def test_an_object_passes_as_it_is() -> None:
    assert TypeAdapter(list[Stage]).validate_python([{"stage": "fit", "stps": 3}]) == [{"stage": "fit", "stps": 3}]
