"""The OpenAPI 3.1 document: what FastAPI finds, with our problems in place of its own error shape."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.openapi_access import add_access
from service.api.openapi_headers import add_headers
from service.api.openapi_problems import add_problems, share_problems

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
        add_problems(document)
        add_access(document)
        add_headers(document)
        share_problems(document)
        app.openapi_schema = document
    return app.openapi_schema
