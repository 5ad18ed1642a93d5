"""The OpenAPI 3.1 document: what FastAPI finds, with our problems in place of its own error shape."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.problems import EDGE_PROBLEMS, INVALID_REQUEST, MEDIA_TYPE, PROBLEMS, ProblemKind, example
from service.api.schemas.problem import Problem
from service.domain.errors import InvalidApiKey

_TAGS = [
    {"name": "datasets", "description": "Tables to learn from; immutable."},
    {"name": "jobs", "description": "Work that takes time: states, progress, events."},
    {"name": "models", "description": "Trained networks: a name with numbered, immutable versions."},
    {"name": "predictions", "description": "What a version says about rows."},
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
        for path in document["paths"].values():
            for operation in path.values():
                _common_problems(operation["responses"])
        app.openapi_schema = document
    return app.openapi_schema


def _add_problem_schema(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "kan_<id>_<secret>; only where keys are asked for."}
    }
    document["security"] = [{}, {"key": []}]


def _common_problems(responses: dict[str, Any]) -> None:
    found = responses.get("422")
    if found is not None and MEDIA_TYPE not in found.get("content", {}):
        responses["422"] = _response(INVALID_REQUEST)
    responses.setdefault("401", _response(PROBLEMS[InvalidApiKey]))
    responses.setdefault("500", _response(EDGE_PROBLEMS[500]))


def _response(kind: ProblemKind) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example(kind)}
    return {"description": kind.title, "content": {MEDIA_TYPE: content}}
