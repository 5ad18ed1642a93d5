"""Stages and networks from and to JSON: how a recipe is written."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from kan.config import STAGES, Fit, Stage
from kan.config_checks import check_int
from kan.errors import InvalidConfig, unknown_field


def stage_from_json(value: object) -> Stage:
    """Reads one stage of a recipe, such as `{"stage": "fit", "steps": 50}`.

    Raises:
        InvalidConfig: unknown stage or field, or a value outside its range.
    """
    if not isinstance(value, Mapping):
        raise InvalidConfig("", 'expected an object such as {"stage": "fit"}')
    name = value.get("stage")
    if not isinstance(name, str) or name not in STAGES:
        raise InvalidConfig("stage", f"expected one of {', '.join(STAGES)}")
    given = {key: item for key, item in value.items() if key != "stage"}
    return read_fields(STAGES[name], _with_patience(given) if name == Fit.stage else given)  # type: ignore[no-any-return]


def stage_to_json(stage: Stage) -> dict[str, Any]:
    """Writes a stage with every field, so that a job shows the recipe it really runs."""
    return {"stage": stage.stage, **{k: list(v) if isinstance(v, tuple) else v for k, v in asdict(stage).items()}}


def read_fields(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Builds a config dataclass from plain values; a field it does not have is an error that lists those it has."""
    known = [item.name for item in fields(kind)]
    for name in values:
        if name not in known:
            raise InvalidConfig(str(name), unknown_field(str(name), known))
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    for name in missing:
        if name not in values:
            raise InvalidConfig(name, "missing")
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def _with_patience(given: dict[str, Any]) -> dict[str, Any]:
    """Writes `"early_stop": {"patience": 20}` as the field `patience`, and null as None."""
    if "early_stop" not in given:
        return given
    asked = given.pop("early_stop")
    if "patience" in given:
        raise InvalidConfig("early_stop", "expected either early_stop or patience, got both")
    if asked is None:
        return {**given, "patience": None}
    if not isinstance(asked, Mapping) or set(asked) != {"patience"}:
        raise InvalidConfig("early_stop", 'expected {"patience": 20} with any number of steps, or null')
    check_int("early_stop/patience", asked["patience"], 1, 1_000_000)
    return {**given, "patience": asked["patience"]}
