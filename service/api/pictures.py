"""The network as a picture over HTTP: SVG, or PNG for places that show none."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.curves import CACHED, DRAWN, REFUSALS, SVG, SVG_POLICY, Index, Points, check_points, rest_of
from service.api.dependencies import ModelsDep, ReadingSessionDep, SettingsDep
from service.api.models import version_headers
from service.api.negotiation import chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.domain import curves, models
from service.domain.curves import Picture, Theme, View
from service.domain.errors import PngUnavailable
from service.domain.pictures import png_of, png_version
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
    top: Annotated[int | None, Query(ge=1, le=1_000, description="Only so many edges, the most important.")] = None,
    theme: Annotated[Theme, Query(description="auto = what the reader's system prefers; in PNG light.")] = "light",
    points: Points = 40,
    pruned: Annotated[bool, Query(description="With the pruned edges, dashed.")] = False,
) -> Picture:
    """Gives how the network shall be drawn."""
    check_points(points, settings)
    return Picture(view, theme, layer, top, points, pruned)


PictureDep = Annotated[Picture, Depends(asked_picture)]


@router.get("/plot.svg", operation_id="getPlot", summary="Draw the network", response_class=Response, responses=DRAWN)
def get_plot(
    name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep, picture: PictureDep
) -> Response:
    """Self-contained SVG, no script, no foreign address: splines blue, formulas magenta with their function's name."""
    chosen_format(request, (SVG,))
    row = models.get_version(session, name, version)
    etag = etag_of("plot", row.id, code_version(), picture)
    headers = version_headers(row, version, rest_of("/plot.svg", request), etag)
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
    scale: Annotated[
        float, Query(ge=0.1, le=8, description="Pixels for each px of the SVG; less where 2 megapixels are too few.")
    ] = 2.0,
) -> Response:
    """The same picture as plot.svg, for mails and documents; needs the extra `png` and a font on the server."""
    chosen_format(request, (PNG,))
    row = models.get_version(session, name, version)
    if picture.theme == "auto":
        picture = replace(picture, theme="light")
    etag = etag_of("png", row.id, code_version(), png_version(), picture, scale)
    headers = version_headers(row, version, rest_of("/plot.png", request), etag)
    if is_known(request, etag):
        return not_modified(headers)
    drawn = png_of(curves.drawn_network(cache.model_of(session, row), picture), scale)
    return Response(drawn, media_type=PNG, headers=headers)
