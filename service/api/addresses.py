"""Which addresses there are: the methods that each takes, and the query parameters of each method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import RouteContext, iter_route_contexts

from service.domain.errors import InvalidParameter

# A name that is sent is shown no longer than this.
_MAX_NAME = 100


@dataclass(frozen=True)
class QueryNames:
    """The query parameters that one method of an address takes.

    Attributes:
        names: those that have a name of their own.
        patterns: of parameters whose name the caller chooses, such as the columns of a row.
    """

    names: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()

    def check(self, sent: Iterable[str]) -> None:
        """Passes when each name is one of these.

        Raises:
            InvalidParameter: the first that is not, with the name that was probably meant.
        """
        for name in sent:
            if name not in self.names and not any(pattern.fullmatch(name) for pattern in self.patterns):
                raise InvalidParameter(name[:_MAX_NAME], self._expected(name), "unknown_parameter")

    def _expected(self, name: str) -> str:
        if not self.names:
            return "unknown; this address takes no query parameter"
        near = get_close_matches(name, self.names, 1)
        guess = f" (did you mean {near[0]}?)" if near else ""
        return f"unknown{guess}; expected one of {', '.join(self.names)}"


@dataclass(frozen=True)
class _Address:
    pattern: re.Pattern[str]
    methods: frozenset[str]
    query: QueryNames | None


class Addresses:
    """All addresses of an app; looked up on first use, when every router is in."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def methods(self, path: str) -> list[str]:
        """Gives the methods that an address takes, in alphabetical order; none where there is no such address."""
        found: set[str] = set()
        for address in self._at(path):
            found |= address.methods
        if "GET" in found:
            found.add("HEAD")
        return sorted({*found, "OPTIONS"}) if found else []

    def check_query(self, method: str, path: str, sent: Iterable[str]) -> None:
        """Passes when the address takes these query parameters, or does not say which it takes.

        Raises:
            InvalidParameter: it does not take one of them.
        """
        for address in self._at(path):
            if method in address.methods:
                if address.query is not None:
                    address.query.check(sent)
                return

    def _at(self, path: str) -> Iterator[_Address]:
        return (address for address in self._all if address.pattern.match(path))

    @cached_property
    def _all(self) -> list[_Address]:
        return [_address(route) for route in iter_route_contexts(self._app.routes) if route.methods]


def _address(route: RouteContext) -> _Address:
    dependant: Dependant | None = getattr(route, "dependant", None)
    is_native = str(route.path).startswith("/v1/") and dependant is not None
    extra = getattr(route, "openapi_extra", None) or {}
    query = _query_names(dependant, extra.get("parameters", ())) if is_native and dependant else None
    return _Address(route.path_regex, frozenset(route.methods or ()), query)


def _query_names(dependant: Dependant, described: Sequence[Mapping[str, Any]]) -> QueryNames:
    """Gives what the function declares, and what its description adds."""
    names = [field.alias for field in get_flat_params(dependant) if isinstance(field.field_info, Query)]
    patterns: list[re.Pattern[str]] = []
    for parameter in described:
        schema = parameter["schema"]
        if parameter["in"] != "query":
            continue
        if schema.get("type") == "object":  # exploded: each of its properties is a parameter
            patterns += [re.compile(pattern) for pattern in schema.get("patternProperties", {".*": {}})]
        else:
            names.append(parameter["name"])
    return QueryNames(tuple(dict.fromkeys(names)), tuple(patterns))
