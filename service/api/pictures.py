"""The network as a picture over HTTP: SVG, or PNG for places that show none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.curves import (
    CACHED,
    DRAWN,
    REFUSALS,
    SVG,
    SVG_POLICY,
    Index,
    Place,
    Points,
    check_points,
    picture_headers,
    rest_of,
)
from service.api.dependencies import ModelsDep, ReadingSessionDep, SettingsDep
from service.api.negotiation import chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.domain import curves, models
from service.domain.curves import EdgePicture, HeightScale, Picture, Span, Theme, View
from service.domain.errors import PngUnavailable
from service.domain.pictures import png_of, png_version
from service.store.tables import VersionRow
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["curves"])

PNG = "image/png"
_PNG_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {PNG: {"schema": {"type": "string", "contentMediaType": PNG}}}},
    **CACHED,
    **problem_responses(*REFUSALS, PngUnavailable),
}


def asked_picture(
    settings: SettingsDep,
    view: Annotated[
        View | None, Query(description="The paper's picture, or one small curve per edge; else by the network's size.")
    ] = None,
    layer: Index = None,
    top: Annotated[int | None, Query(ge=1, le=1_000, description="So many live edges, the most important.")] = None,
    theme: Annotated[Theme, Query(description="auto = what the reader's system prefers; in PNG light.")] = "light",
    points: Points = 40,
    pruned: Annotated[bool, Query(description="With pruned edges too, dashed; 1,000 edges in all.")] = False,
    y_scale: Annotated[
        HeightScale, Query(description="Each curve fills its box, or all curves of a layer have one scale.")
    ] = "own",
) -> Picture:
    """Gives how the network shall be drawn."""
    check_points(points, settings)
    return Picture(view, theme, layer, top, points, pruned, y_scale)


Scale = Annotated[
    float,
    Query(ge=0.1, le=8, description="Pixels for each px of the SVG; less where there would be over 2 megapixels."),
]
PictureDep = Annotated[Picture, Depends(asked_picture)]


@router.get("/plot.svg", operation_id="getPlot", summary="Draw the network", response_class=Response, responses=DRAWN)
def get_plot(
    name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep, picture: PictureDep
) -> Response:
    """Self-contained SVG, no script, no foreign address: splines blue, formulas magenta with their function's name."""
    chosen_format(request, (SVG,))
    row = models.get_version(session, name, version)
    etag = etag_of("plot", row.id, code_version(), picture)
    headers = picture_headers(row, version, rest_of("/plot.svg", request), etag)
    headers["Content-Security-Policy"] = SVG_POLICY
    if is_known(request, etag):
        return not_modified(headers)
    text = curves.drawn_network(cache.model_of(session, row), picture)
    return Response(text.encode(), media_type=SVG, headers=headers)


@router.get(
    "/plot.png",
    operation_id="getPlotAsPng",
    summary="Draw the network as PNG",
    response_class=Response,
    responses=_PNG_ANSWERS,
)
def get_png(
    name: str,
    version: str,
    request: Request,
    session: ReadingSessionDep,
    cache: ModelsDep,
    picture: PictureDep,
    scale: Scale = 2.0,
) -> Response:
    """The same picture as plot.svg, for mails and documents; needs the extra `png` and a font on the server."""
    row = models.get_version(session, name, version)
    plain = replace(picture, theme="light" if picture.theme == "auto" else picture.theme)
    headers = picture_headers(row, version, rest_of("/plot.png", request), _png_etag(row, plain, scale))
    return _png(request, headers, lambda: curves.drawn_network(cache.model_of(session, row), plain), scale)


@router.get(
    "/activations/{layer}/{source}/{target}.png",
    operation_id="getEdgePlotAsPng",
    summary="Draw one edge as PNG",
    response_class=Response,
    responses=_PNG_ANSWERS,
)
def get_edge_png(
    name: str,
    version: str,
    layer: Place,
    source: Place,
    target: Place,
    request: Request,
    session: ReadingSessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    theme: Annotated[Theme, Query(description="auto = light.")] = "light",
    points: Points = 200,
    range_: Annotated[Span, Query(alias="range", description="The whole grid, or where training rows were.")] = "grid",
    scale: Scale = 2.0,
) -> Response:
    """The same picture as the one in SVG."""
    check_points(points, settings)
    row = models.get_version(session, name, version)
    edge, picture = (layer, source, target), EdgePicture("light" if theme == "auto" else theme, points, range_)
    path = rest_of(f"/activations/{layer}/{source}/{target}.png", request)
    headers = picture_headers(row, version, path, _png_etag(row, edge, picture, scale))
    units = curves.column_units(row.signature)
    return _png(request, headers, lambda: curves.drawn_edge(cache.model_of(session, row), units, edge, picture), scale)


def _png_etag(row: VersionRow, *parts: object) -> str:
    return etag_of("png", row.id, code_version(), png_version(), *parts)


def _png(request: Request, headers: dict[str, str], svg: Callable[[], str], scale: float) -> Response:
    """Gives the picture, or says that the client has it."""
    chosen_format(request, (PNG,))
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    return Response(png_of(svg(), scale), media_type=PNG, headers=headers)
