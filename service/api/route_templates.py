"""The template of a request's route, such as /v1/models/{name}: as many as routes, whatever is asked."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

NO_ROUTE = "(none)"
OTHER_METHOD = "(other)"
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_PARAMETER = re.compile(r"{(\w+)")

Key = tuple[Any, frozenset[str]]


class RouteTemplates:
    """Finds templates by what a route leaves in the scope, or by the path of what was refused before any route.

    They are looked up on first use, when every router is in.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def of(self, scope: Scope) -> tuple[str, str]:
        """Gives method and template of a request that was answered."""
        key = scope.get("endpoint"), frozenset(scope.get("path_params", ()))
        method = scope["method"]
        return (method if method in _METHODS else OTHER_METHOD), self._templates.get(key) or self._at(scope["path"])

    def _at(self, path: str) -> str:
        return next((template for pattern, template in self._patterns if pattern.fullmatch(path)), NO_ROUTE)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return [(route.path_regex, str(route.path)) for route in iter_route_contexts(self._app.routes)]

    @cached_property
    def _templates(self) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for route in iter_route_contexts(self._app.routes):
            template = str(route.path)
            # A function that serves two addresses tells them apart by their parameters.
            found.setdefault((route.endpoint, frozenset(_PARAMETER.findall(template))), template)
        return found
