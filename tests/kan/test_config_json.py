"""Stages and networks as JSON: what is read, written and refused, and by which field."""

from typing import Any

import pytest

from kan.config import STAGES, Fit, NetworkConfig
from kan.config_json import read_fields, stage_from_json, stage_to_json
from kan.errors import InvalidConfig


@pytest.mark.parametrize("name", list(STAGES))
def test_stage_is_written_with_every_field_and_read_back(name: str) -> None:
    stage = STAGES[name]()
    assert stage_from_json(stage_to_json(stage)) == stage
    assert stage_from_json({"stage": name}) == stage


WRONG_STAGES: list[tuple[Any, str]] = [
    (None, ""),
    ([], ""),
    ("fit", ""),
    ({}, "stage"),
    ({"stage": "train"}, "stage"),
    ({"stage": ["fit"]}, "stage"),
    ({"stage": "fit", "step": 5}, "step"),
    ({"stage": "fit", "steps": 0}, "steps"),
    ({"stage": "fit", "steps": 1.5}, "steps"),
    ({"stage": "fit", "steps": True}, "steps"),
    ({"stage": "fit", "steps": None}, "steps"),
    ({"stage": "fit", "steps": "5"}, "steps"),
    ({"stage": "fit", "optimizer": "sgd"}, "optimizer"),
    ({"stage": "fit", "optimizer": []}, "optimizer"),
    ({"stage": "fit", "curvature": -1.0}, "curvature"),
    ({"stage": "fit", "curvature": float("nan")}, "curvature"),
    ({"stage": "fit", "learning_rate": float("inf")}, "learning_rate"),
    ({"stage": "fit", "batch_size": 0}, "batch_size"),
    ({"stage": "fit", "patience": 0}, "patience"),
    ({"stage": "fit", "update_grid": None}, "update_grid"),
    ({"stage": "fit", "early_stop": 20}, "early_stop"),
    ({"stage": "fit", "early_stop": {}}, "early_stop"),
    ({"stage": "fit", "early_stop": {"patience": 0}}, "early_stop/patience"),
    ({"stage": "fit", "early_stop": {"patience": None}}, "early_stop/patience"),
    ({"stage": "fit", "early_stop": {"patience": 5}, "patience": 5}, "early_stop"),
    ({"stage": "refit", "early_stop": {"patience": 5}}, "early_stop"),
    ({"stage": "starts", "count": 101}, "count"),
    ({"stage": "starts", "steps": 0}, "steps"),
    ({"stage": "refine", "grid": 1001}, "grid"),
    ({"stage": "refine", "exact": 1}, "exact"),
    ({"stage": "extend", "max_grid": 0}, "max_grid"),
    ({"stage": "choose", "hidden": []}, "hidden"),
    ({"stage": "choose", "hidden": 5}, "hidden"),
    ({"stage": "choose", "hidden": "55"}, "hidden"),
    ({"stage": "choose", "hidden": {}}, "hidden"),
    ({"stage": "choose", "hidden": [101]}, "hidden"),
    ({"stage": "choose", "grids": [0]}, "grids"),
    ({"stage": "choose", "grids": list(range(1, 10))}, "grids"),
    ({"stage": "choose", "members": 33}, "members"),
    ({"stage": "average", "members": 65}, "members"),
    ({"stage": "refit", "steps": -1}, "steps"),
    ({"stage": "move_grid", "first": True}, "first"),
]


@pytest.mark.parametrize(("value", "field"), WRONG_STAGES, ids=str)
def test_wrong_stage_is_refused_by_the_name_of_its_field(value: object, field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        stage_from_json(value)
    assert caught.value.field == field
    assert "expected" in caught.value.message


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"hidden": 5}, "hidden"),
        ({"hidden": "55"}, "hidden"),
        ({"hidden": {"a": 1}}, "hidden"),
        ({"hidden": [[1]]}, "hidden"),
        ({"hidden": [0]}, "hidden"),
        ({"hidden": [2.0]}, "hidden"),
        ({"hidden": None}, "hidden"),
        ({"grid": 0}, "grid"),
        ({"grid": 1001}, "grid"),
        ({"degree": 6}, "degree"),
        ({"base": None}, "base"),
        ({"grid_eps": -0.1}, "grid_eps"),
        ({"grid_eps": "1"}, "grid_eps"),
        ({"width": 5}, "width"),
    ],
    ids=str,
)
def test_wrong_network_is_refused_by_the_name_of_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read_fields(NetworkConfig, values)
    assert caught.value.field == field


def test_unknown_field_lists_the_known_ones() -> None:
    with pytest.raises(InvalidConfig, match=r"expected one of lamb, .*, optimizer, steps, curvature"):
        stage_from_json({"stage": "fit", "lr": 1})


def test_early_stop_is_another_spelling_of_patience() -> None:
    assert stage_from_json({"stage": "fit", "early_stop": {"patience": 7}}) == Fit(patience=7)
    assert stage_from_json({"stage": "fit", "early_stop": None}) == Fit(patience=None)
