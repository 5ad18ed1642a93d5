"""The page where a training is asked for; all that it knows comes from the API, by its script."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import datasets
from service.ui.rendering import SessionDep, html_page, is_locked

router = APIRouter(include_in_schema=False)

_SHOWN = 50


@router.get("/train")
def training_page(request: Request, session: SessionDep) -> Response:
    """The form; without a script, the call that it would send."""
    locked = is_locked(request)
    found = [] if locked else datasets.list_datasets(session, _SHOWN)[0]
    return html_page("train.html", locked=locked, datasets=found)
