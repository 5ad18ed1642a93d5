"""The pages of models: what there is, and one version with its picture."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import curves, models
from service.domain.curves import Picture
from service.ui.rendering import SessionDep, html_page, is_locked
from service.ui.words import call_line, metric_rows

router = APIRouter(include_in_schema=False)

_SHOWN = 50


@router.get("/models")
def models_page(request: Request, session: SessionDep) -> Response:
    """Models with their pictures."""
    locked = is_locked(request)
    return html_page("models.html", locked=locked, models=[] if locked else models.list_models(session, _SHOWN))


@router.get("/models/{name}")
def model_page(name: str, request: Request, session: SessionDep, version: str = models.LATEST) -> Response:
    """One version: its picture, metrics, columns, and how to call it."""
    if is_locked(request):
        return html_page("locked.html", locked=True, here="/models")
    row = models.get_version(session, name, version)
    picture = curves.drawn_network(request.app.state.models.model_of(session, row), Picture(theme="auto"))
    return html_page(
        "model.html",
        picture=picture,
        locked=False,
        row=row,
        versions=models.list_versions(session, name, _SHOWN),
        metrics=metric_rows(row.metrics),
        call=call_line(str(request.base_url), row.model_name, row.version, row.signature),
    )
