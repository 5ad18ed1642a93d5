"""Curves over HTTP: every edge as numbers, and one of them as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, SettingsDep
from service.api.models import version_headers
from service.api.negotiation import CHANGING, JSON, chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.curves import ActivationsRead
from service.domain import curves, models
from service.domain.curves import EdgeChoice, EdgePicture, Span, Theme
from service.domain.errors import EdgeNotFound, InvalidParameter, ModelNotFound, NotAcceptable, VersionNotFound
from service.settings import Settings
from service.store.tables import VersionRow
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["curves"])

SVG = "image/svg+xml"
# A picture runs nothing and loads nothing, however it is opened.
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
REFUSALS = (ModelNotFound, VersionNotFound, EdgeNotFound, InvalidParameter, NotAcceptable)
CACHED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified"}}
_EXAMPLE = '<svg class="kan" xmlns="http://www.w3.org/2000/svg" width="360" height="262" role="group">…</svg>'
DRAWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {SVG: {"schema": {"type": "string"}, "example": _EXAMPLE}}},
    **CACHED,
    **problem_responses(*REFUSALS),
}
Index = Annotated[int | None, Query(ge=0, le=100_000)]
Place = Annotated[int, Path(ge=0, le=100_000)]
Points = Annotated[int, Query(ge=2, le=100_000, description="Samples of each curve; GET /v1/limits has the most.")]


@router.get(
    "/activations",
    operation_id="getActivations",
    summary="Read the functions on the edges",
    response_model=ActivationsRead,
    responses={**CACHED, **problem_responses(*REFUSALS)},
)
def get_activations(
    name: str,
    version: str,
    request: Request,
    session: ReadingSessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    layer: Index = None,
    source: Index = None,
    target: Index = None,
    points: Points = 100,
    range_: Annotated[Span, Query(alias="range", description="The whole grid, or where training rows were.")] = "grid",
) -> Response:
    """The whole function, exactly (knots, coefficients, weights, encoding), and samples to draw it."""
    chosen_format(request, (JSON,))
    check_points(points, settings)
    row = models.get_version(session, name, version)
    etag = etag_of("activations", row.id, code_version(), layer, source, target, points, range_)
    headers = version_headers(row, version, rest_of("/activations", request), etag)
    if is_known(request, etag):
        return not_modified(headers)
    choice = EdgeChoice(layer, source, target)
    units = curves.column_units(row.signature)
    found = curves.sampled_curves(cache.model_of(session, row), units, choice, points, range_)
    body = orjson.dumps({"model": row.model_name, "version": row.version, **found}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type=JSON, headers=headers)


@router.get(
    "/activations/{layer}/{source}/{target}.svg",
    operation_id="getEdgePlot",
    summary="Draw one edge",
    response_class=Response,
    responses=DRAWN,
)
def get_edge_plot(
    name: str,
    version: str,
    layer: Place,
    source: Place,
    target: Place,
    request: Request,
    session: ReadingSessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    theme: Annotated[Theme, Query(description="auto = what the reader's system prefers.")] = "light",
    points: Points = 200,
    range_: Annotated[Span, Query(alias="range", description="The whole grid, or where training rows were.")] = "grid",
) -> Response:
    """Axes in the units of the data, the curve, where training rows were, and of a formula its text and R2."""
    chosen_format(request, (SVG,))
    check_points(points, settings)
    row = models.get_version(session, name, version)
    edge, picture = (layer, source, target), EdgePicture(theme, points, range_)
    etag = etag_of("edge", row.id, code_version(), edge, picture)
    path = f"/activations/{layer}/{source}/{target}.svg"
    headers = picture_headers(row, version, rest_of(path, request), etag)
    headers["Content-Security-Policy"] = SVG_POLICY
    if is_known(request, etag):
        return not_modified(headers)
    text = curves.drawn_edge(cache.model_of(session, row), curves.column_units(row.signature), edge, picture)
    return Response(text.encode(), media_type=SVG, headers=headers)


def picture_headers(row: VersionRow, asked: str, rest: str, etag: str) -> dict[str, str]:
    """Gives ETag and caching of a picture: kept, and asked for each time, as another release may draw it otherwise."""
    return version_headers(row, asked, rest, etag) | {"Cache-Control": CHANGING}


def check_points(points: int, settings: Settings) -> None:
    """Refuses more samples of a curve than the setting allows."""
    if points > settings.max_curve_points:
        raise InvalidParameter("points", f"expected at most {settings.max_curve_points}")


def rest_of(path: str, request: Request) -> str:
    """Gives what follows the version in the address that was asked for."""
    return f"{path}?{request.url.query}" if request.url.query else path
