"""Is it up, is it ready, what is it, how much does it take."""

from __future__ import annotations

import platform
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.dependencies import ReadingSessionDep, SettingsDep
from service.api.problems import problem_responses
from service.api.schemas.workers import WorkerRead
from service.domain import workers
from service.domain.errors import StoreUnavailable
from service.domain.limits import Limits
from service.store.schema import is_migrated
from service.version import code_version

router = APIRouter(tags=["service"])


class Live(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """The service can take requests; a dead worker does not change that."""

    status: str = "ready"
    database: str = Field(description="Kind of database.")
    migrated: bool
    workers: int = Field(description="Workers that were seen within the length of a lease.")
    worker_list: list[WorkerRead] | None = Field(None, description="With ?verbose.")


class Version(BaseModel):
    """What runs here."""

    name: str = "kan-service"
    version: str
    api: str = "v1"
    python: str


@router.get("/livez", operation_id="getLiveness", summary="Is the process up?")
async def livez() -> Live:
    """Asks nothing of the database."""
    return Live()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Can it take requests?",
    responses=problem_responses(StoreUnavailable),
)
def readyz(
    request: Request,
    response: Response,
    session: ReadingSessionDep,
    settings: SettingsDep,
    verbose: Annotated[str | None, Query(max_length=10, description="Lists the workers.")] = None,
) -> Ready:
    """200 when the database answers and is migrated; else 503."""
    response.headers["Cache-Control"] = "no-store"
    require_migrated(request, session)
    seen = workers.list_workers(session, settings.lease_seconds)
    is_verbose = verbose is not None and verbose.lower() not in ("0", "false")
    return Ready(
        database=session.get_bind().dialect.name,
        migrated=True,
        workers=len(seen),
        worker_list=[WorkerRead.model_validate(row, from_attributes=True) for row in seen] if is_verbose else None,
    )


@router.get("/v1/version", operation_id="getVersion", summary="Which version runs here?")
async def get_version() -> Version:
    """Version of the service and of Python."""
    return Version(version=code_version(), python=platform.python_version())


@router.get("/v1/limits", operation_id="getLimits", summary="How much does it take?")
async def get_limits(settings: SettingsDep) -> Limits:
    """Each limit by the name of its setting, which docs/settings.md explains."""
    return Limits.from_settings(settings)


def require_migrated(request: Request, session: Session) -> None:
    """Passes when the database answers and is migrated.

    Raises:
        StoreUnavailable: it is not migrated.
    """
    state: Any = request.app.state
    # Once true it stays true: only looking for the newest step costs time.
    if not getattr(state, "is_migrated", False):
        if not is_migrated(session.connection()):
            raise StoreUnavailable("the database is not migrated; run kan migrate")
        state.is_migrated = True
