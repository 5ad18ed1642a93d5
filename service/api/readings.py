"""What a version tells beside its curves, over HTTP: importance, and functions for an edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.few_at_once import few_at_once
from service.api.models import version_headers
from service.api.negotiation import CHANGING, JSON, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.readings import ImportanceRead, SuggestionList
from service.domain import errors, models
from service.domain.reading import functions, readings
from service.store.tables import VersionRow
from service.version import code_version

router = APIRouter(tags=["curves"])

_VERSION = "/v1/models/{name}/versions/{version}"
_CACHED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified"}}
_PROBLEMS = problem_responses(errors.ModelNotFound, errors.VersionNotFound)
Place = Annotated[int, Path(ge=0, le=100_000)]


@router.get(
    _VERSION + "/importance",
    operation_id="getImportance",
    summary="Read what matters: columns, inputs, nodes, edges, interactions",
    response_model=ImportanceRead,
    responses={**_CACHED, **_PROBLEMS, **problem_responses(errors.TrainingDataGone)},
)
@few_at_once
def get_importance(name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep) -> Response:
    """Measured on at most 1,000 training rows; each score's definition stands in the answer."""
    row = models.get_version(session, name, version)

    def content() -> dict[str, Any]:
        return readings.importance_of(session, row, cache.model_of(session, row))

    return _answer(request, row, version, "/importance", content)


@router.get(
    _VERSION + "/activations/{layer}/{source}/{target}/suggestions",
    operation_id="getSuggestions",
    summary="Rank the functions that an edge looks like",
    response_model=SuggestionList,
    responses={**_CACHED, **_PROBLEMS, **problem_responses(errors.EdgeNotFound, errors.InvalidParameter)},
)
@few_at_once
def get_suggestions(
    name: str,
    version: str,
    layer: Place,
    source: Place,
    target: Place,
    request: Request,
    session: ReadingSessionDep,
    cache: ModelsDep,
    library: Annotated[
        list[str] | None,
        Query(max_length=50, description="Only these functions; once for each, built-in or added.", examples=[["sin"]]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Functions at most.")] = 10,
) -> Response:
    """`a * f(b * x + c) + d` in network units, best first: much explained with few operations."""
    row = models.get_version(session, name, version)

    added = functions.expressions_of(session, library or ())

    def content() -> dict[str, Any]:
        edge = (layer, source, target)
        found = readings.edge_suggestions(cache.model_of(session, row), edge, library, limit, added)
        return {"layer": layer, "source": source, "target": target, "data": found}

    path = f"/activations/{layer}/{source}/{target}/suggestions"
    return _answer(request, row, version, path, content, added)


def _answer(
    request: Request,
    row: VersionRow,
    version: str,
    path: str,
    content: Callable[[], dict[str, Any]],
    added: Mapping[str, str] | None = None,
) -> Response:
    """Gives JSON that never changes for a numbered version, but for functions that users added and may define anew."""
    query = request.url.query
    # Importance is told as long as the data set is there.
    etag = etag_of(path, row.id, code_version(), row.dataset_id, query, added or "")
    headers = version_headers(row, version, f"{path}?{query}" if query else path, etag)
    if added:
        headers["Cache-Control"] = CHANGING
    if is_known(request, etag):
        return not_modified(headers)
    body = {"model": row.model_name, "version": row.version, **content()}
    return Response(orjson.dumps(body), media_type=JSON, headers=headers)
