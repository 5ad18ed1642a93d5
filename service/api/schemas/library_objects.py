"""Objects whose fields the library defines and checks: the stages of a recipe, a network, the operations of an edit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from inspect import Parameter, getdoc
from typing import Any, get_type_hints

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from kan.config import STAGES, Fit, NetworkConfig
from kan.edits import OPERATIONS, operation_parameters

JsonSchema = dict[str, Any]
_EARLY_STOP: JsonSchema = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"patience": {"type": "integer", "minimum": 1}},
            "required": ["patience"],
            "additionalProperties": False,
        },
        {"type": "null"},
    ],
    "description": "Another spelling of `patience`; null = never.",
}
_DESCRIBED = re.compile(r"^ {4}([\w, ]+): (.+?)(?=\n {4}\w|\Z)", re.MULTILINE | re.DOTALL)


class _LibraryObject(dict[str, Any]):
    """A JSON object that passes as it is, for the library checks it; the API page shows its fields."""

    schema: JsonSchema

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.dict_schema(keys_schema=core_schema.str_schema(), ref=cls.__name__)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchema:
        return {**cls.schema, "title": cls.__name__, "description": getdoc(cls)}


def _stage_schema(name: str, kind: type[Any]) -> JsonSchema:
    schema = _object_schema(kind, {"stage": {"const": name}})
    if kind is Fit:
        schema["properties"]["early_stop"] = _EARLY_STOP
    return schema


def _object_schema(kind: type[Any], marks: Mapping[str, JsonSchema]) -> JsonSchema:
    """Gives the schema of a dataclass: its fields with type, default and what its docstring says of them."""
    words, hints = _words_of(kind), get_type_hints(kind)
    known: list[Field[Any]] = list(fields(kind))
    return {
        "type": "object",
        "title": kind.__name__,
        "description": (getdoc(kind) or "").split("\n")[0],
        "properties": {
            **marks,
            **{
                field.name: {**_type_schema(hints[field.name]), **_default(field), **_described(words, field.name)}
                for field in known
            },
        },
        "required": [*marks, *(field.name for field in known if field.default is MISSING)],
        "additionalProperties": False,
    }


def _operation_schema(name: str) -> JsonSchema:
    parameters, words = operation_parameters(name), getdoc(OPERATIONS[name])
    return {
        "type": "object",
        "title": name,
        **_described({"": words.split("\n")[0]} if words else {}, ""),
        "properties": {
            "op": {"const": name},
            **{key: _type_schema(parameter.annotation) for key, parameter in parameters.items()},
        },
        "required": ["op", *(key for key, parameter in parameters.items() if parameter.default is Parameter.empty)],
        "additionalProperties": False,
    }


def _type_schema(kind: Any) -> JsonSchema:
    schema = TypeAdapter(kind).json_schema()
    found = schema.pop("$defs", {})
    # Only constraints have a name of their own; they are written out where they stand.
    text = {f"#/$defs/{name}": definition for name, definition in found.items()}
    for part in (schema, *schema.get("anyOf", ())):
        if "items" in part and part["items"].get("$ref") in text:
            part["items"] = {**text[part["items"]["$ref"]], "additionalProperties": False}
    return schema


def _default(field: Field[Any]) -> JsonSchema:
    if field.default is MISSING:
        return {}
    return {"default": list(field.default) if isinstance(field.default, tuple) else field.default}


def _described(words: Mapping[str, str], name: str) -> JsonSchema:
    return {"description": words[name]} if name in words else {}


def _words_of(kind: type[Any]) -> dict[str, str]:
    """Gives what the docstrings of a class and its parents say of each attribute."""
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__[:-1]):
        _, _, listed = (getdoc(parent) or "").partition("Attributes:\n")
        for names, text in _DESCRIBED.findall(listed):
            sentence = " ".join(text.split())
            found |= dict.fromkeys(names.split(", "), sentence[:1].upper() + sentence[1:])
    return found


class Stage(_LibraryObject):
    """One stage of a recipe."""

    schema = {  # noqa: RUF012
        "oneOf": [_stage_schema(name, kind) for name, kind in STAGES.items()],
    }


class Network(_LibraryObject):
    """The shape of a network between its inputs and outputs."""

    schema = _object_schema(NetworkConfig, {})


class Operation(_LibraryObject):
    """One change of a network."""

    schema = {"oneOf": [_operation_schema(name) for name in OPERATIONS]}  # noqa: RUF012
