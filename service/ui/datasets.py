"""The pages of data: upload and list, and one data set with its columns."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.domain import datasets
from service.ui.rendering import SessionDep, html_page, is_locked

router = APIRouter(include_in_schema=False)

_SHOWN = 50


@router.get("/")
def data_page(request: Request, session: SessionDep) -> Response:
    """The drop zone, the samples and the newest data sets."""
    locked = is_locked(request)
    found = [] if locked else datasets.list_datasets(session, _SHOWN)[0]
    return html_page("data.html", locked=locked, datasets=found)


@router.get("/datasets/{dataset_id}")
def dataset_page(dataset_id: str, request: Request, session: SessionDep) -> Response:
    """One data set: type, histogram, missing cells and role of every column."""
    row = None if is_locked(request) else datasets.get_dataset(session, dataset_id)
    return html_page("dataset.html", locked=row is None, dataset_id=dataset_id, row=row)
