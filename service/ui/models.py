"""The page of models: what there is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import model_lists
from service.ui.rendering import SessionDep, html_page, is_locked

router = APIRouter(include_in_schema=False)

_SHOWN = 50


@router.get("/models")
def models_page(request: Request, session: SessionDep) -> Response:
    """Models with their pictures."""
    locked = is_locked(request)
    return html_page(
        "models.html", locked=locked, models=[] if locked else model_lists.list_models(session, _SHOWN).entries
    )
