"""The OpenAPI 3.1 document: what FastAPI finds, with our problems in place of its own error shape."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.openapi_access import add_access
from service.api.problems import (
    EDGE_PROBLEMS,
    INVALID_REQUEST,
    MEDIA_TYPE,
    PROBLEMS,
    ProblemKind,
    example,
    is_protocol,
    protocol_entry,
)
from service.api.schemas.inference import ProtocolError
from service.api.schemas.problem import Problem
from service.domain.errors import InvalidApiKey

_TAGS = [
    {"name": "datasets", "description": "Tables to learn from; immutable."},
    {"name": "jobs", "description": "Work that takes time: states, progress, events."},
    {"name": "models", "description": "Trained networks: a name with numbered, immutable versions."},
    {"name": "predictions", "description": "What a version says about rows."},
    {"name": "inference", "description": "The Open Inference Protocol, for clients that speak it."},
    {"name": "curves", "description": "The functions on a version's edges, as numbers and as pictures."},
    {"name": "formulas", "description": "A version as formulas, and formulas as versions."},
    {"name": "service", "description": "Health, version, limits."},
]


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Gives the document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            openapi_version="3.1.0",
            routes=app.routes,
            tags=_TAGS,
        )
        _add_problem_schema(document)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                (_protocol_problems if is_protocol(path) else _common_problems)(operation["responses"])
        add_access(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problem_schema(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas["ProtocolError"] = ProtocolError.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _common_problems(responses: dict[str, Any]) -> None:
    found = responses.get("422")
    if found is not None and MEDIA_TYPE not in found.get("content", {}):
        responses["422"] = _response(INVALID_REQUEST)
    responses.setdefault("401", _response(PROBLEMS[InvalidApiKey]))
    responses.setdefault("500", _response(EDGE_PROBLEMS[500]))


def _protocol_problems(responses: dict[str, Any]) -> None:
    """Under /v2 a refusal is {"error": …}, and wrong values are a 400."""
    if responses.pop("422", None) is not None:
        responses.setdefault("400", protocol_entry(INVALID_REQUEST, INVALID_REQUEST.title))
    for kind in (PROBLEMS[InvalidApiKey], EDGE_PROBLEMS[500]):
        responses.setdefault(str(kind.status), protocol_entry(kind, kind.title))


def _response(kind: ProblemKind) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example(kind)}
    return {"description": kind.title, "content": {MEDIA_TYPE: content}}
