"""Workers over HTTP: who is alive, on which device, with which job."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.api.dependencies import ReadingSessionDep, SettingsDep
from service.api.negotiation import NOT_MODIFIED, revalidated
from service.api.schemas.workers import WorkerList, WorkerRead
from service.domain.leasing import workers

router = APIRouter(tags=["service"])


@router.get(
    "/v1/workers",
    operation_id="listWorkers",
    summary="List the workers that are alive",
    response_model=WorkerList,
    responses=NOT_MODIFIED,
)
def list_workers(request: Request, session: ReadingSessionDep, settings: SettingsDep) -> Response:
    """Who was seen within the length of a lease, on which device, with which job; oldest first."""
    found = workers.list_workers(session, settings.lease_seconds)
    shown = WorkerList(data=[WorkerRead.model_validate(row, from_attributes=True) for row in found])
    return revalidated(request, shown.model_dump_json())
