"""The OpenAPI document of one version: its own columns, with units, training ranges and categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.prediction_forms.columns import InputColumn

Json = dict[str, Any]
_RANGE, _UNITS, _LEVELS = "x-training-range", "x-units", "x-categories"


@dataclass(frozen=True)
class VersionFacts:
    """What the document tells of.

    Attributes:
        path: of the version.
        code_version: of the service.
        columns: that it reads, in the order of its signature.
        outputs: name of each, and its classes where it has some.
        units: of columns and outputs that have one.
        row: an example in signature order.
        answer: what the version answers to it.
        options: names of parameters that are no columns.
    """

    path: str
    title: str
    code_version: str
    columns: Sequence[InputColumn]
    outputs: Sequence[tuple[str, tuple[str, ...]]]
    units: Mapping[str, str | None]
    row: Sequence[Any]
    answer: Mapping[str, Any]
    options: frozenset[str]


def example_value(column: InputColumn) -> Any:
    """Gives a value that training saw, or the middle of those it saw."""
    if column.levels is not None:
        return column.levels[0]
    return 0.0 if column.low is None or column.high is None else (column.low + column.high) / 2


def version_document(facts: VersionFacts) -> Json:
    """Gives the document; values outside a training range are answered too, so that no range is a bound."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": facts.title,
            "version": facts.code_version,
            "description": "Ranges are those of the training rows; `domain` says what is done about values outside.",
        },
        "security": [{}, {"key": []}],
        "paths": {f"{facts.path}/predict": {"get": _get(facts), "post": _post(facts)}},
        "components": {
            "schemas": {
                "Row": _row_schema(facts),
                "NamedRow": _named_row_schema(facts),
                "Prediction": _answer_schema(facts),
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _post(facts: VersionFacts) -> Json:
    named = {column.name: value for column, value in zip(facts.columns, facts.row, strict=True)}
    return {
        "operationId": "predict",
        "summary": "Predict for rows",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"rows": {"type": "array", "items": {"anyOf": [_ref("Row"), _ref("NamedRow")]}}},
                        "required": ["rows"],
                        "additionalProperties": False,
                    },
                    "examples": {
                        "rows": {"summary": "Columns in this order", "value": {"rows": [list(facts.row)]}},
                        "named": {"summary": "Columns by name", "value": {"rows": [named]}},
                    },
                }
            },
        },
        "responses": _responses(facts),
    }


def _get(facts: VersionFacts) -> Json:
    parameters = [
        {
            "name": f"input.{column.name}" if column.name in facts.options else column.name,
            "in": "query",
            "required": True,
            "schema": _column_schema(column, facts.units),
            "example": value,
        }
        for column, value in zip(facts.columns, facts.row, strict=True)
    ]
    return {
        "operationId": "predictOne",
        "summary": "Predict for one row",
        "parameters": parameters,
        "responses": _responses(facts),
    }


def _responses(facts: VersionFacts) -> Json:
    answer = {"schema": _ref("Prediction"), "example": facts.answer}
    return {"200": {"description": "Predictions, row by row", "content": {"application/json": answer}}}


def _row_schema(facts: VersionFacts) -> Json:
    columns = [{"title": column.name, **_column_schema(column, facts.units)} for column in facts.columns]
    return {"type": "array", "prefixItems": columns, "items": False, "minItems": len(columns)}


def _named_row_schema(facts: VersionFacts) -> Json:
    return {
        "type": "object",
        "properties": {column.name: _column_schema(column, facts.units) for column in facts.columns},
        "required": [column.name for column in facts.columns],
        "additionalProperties": False,
    }


def _column_schema(column: InputColumn, units: Mapping[str, str | None]) -> Json:
    plain = "number" if column.is_number else "string"
    if column.levels is not None:
        facts: Json = {_LEVELS: list(column.levels)}
    else:
        facts = {_RANGE: None if column.low is None else [column.low, column.high]}
    return {"type": [plain, "null"] if column.takes_missing else plain, **facts, **_unit(column.name, units)}


def _answer_schema(facts: VersionFacts) -> Json:
    outputs = [{"title": name, **_output_schema(name, classes, facts.units)} for name, classes in facts.outputs]
    return {
        "type": "object",
        "properties": {
            "outputs": {"const": [name for name, _ in facts.outputs]},
            "predictions": {"type": "array", "items": {"type": "array", "prefixItems": outputs, "items": False}},
        },
        "required": ["outputs", "predictions"],
    }


def _output_schema(name: str, classes: Sequence[str], units: Mapping[str, str | None]) -> Json:
    return {"enum": list(classes)} if classes else {"type": "number", **_unit(name, units)}


def _unit(name: str, units: Mapping[str, str | None]) -> Json:
    return {_UNITS: units[name]} if units.get(name) else {}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
