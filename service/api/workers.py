"""Workers over HTTP: who is alive, on which device, with which job."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import ReadingSessionDep, SettingsDep
from service.api.schemas.workers import WorkerList, WorkerRead
from service.domain.leasing import workers

router = APIRouter(tags=["service"])


@router.get("/v1/workers", operation_id="listWorkers", summary="List the workers that are alive")
def list_workers(session: ReadingSessionDep, settings: SettingsDep) -> WorkerList:
    """Who was seen within the length of a lease, on which device, with which job; oldest first."""
    found = workers.list_workers(session, settings.lease_seconds)
    return WorkerList(data=[WorkerRead.model_validate(row, from_attributes=True) for row in found])
