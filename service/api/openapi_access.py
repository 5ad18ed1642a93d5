"""What the API document says of keys: which scope each operation needs, and the refusal of a key without it."""

from __future__ import annotations

from typing import Any

from service.api.openapi_problems import add_problem
from service.api.problems import PROBLEMS
from service.api.scopes import is_open, scopes_needed
from service.domain.access.access_errors import MissingScope, Overloaded, TooManyAtOnce, TooManyRequests
from service.domain.errors import ForeignOrigin, InvalidApiKey, UnlistedHost

# What any address but a probe may answer before it is asked at all.
_ANYWHERE = (InvalidApiKey, ForeignOrigin, UnlistedHost, TooManyRequests, TooManyAtOnce, Overloaded)
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "kan_<id>_<secret>; only where keys are asked for. The names beside it are scopes of the key.",
}


def add_access(document: dict[str, Any]) -> None:
    """Adds the scheme, and to each operation its scopes with the 403 of a key that has none of them."""
    document["components"]["securitySchemes"] = {"key": _SCHEME}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _add_scopes(path, method.upper(), operation)


def _add_scopes(path: str, method: str, operation: dict[str, Any]) -> None:
    if is_open(path):
        operation["security"] = []
        return
    scopes = scopes_needed(method, path)
    # Keyless servers ask for none, hence the empty object.
    operation["security"] = [{}, *({"key": [scope]} for scope in scopes)] if scopes else [{}, {"key": []}]
    for error in (*_ANYWHERE, *([MissingScope] if scopes else [])):
        add_problem(operation["responses"], path, PROBLEMS[error], error)
