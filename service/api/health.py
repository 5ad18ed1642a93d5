"""Is it up, is it ready, what is it, how much does it take."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.admission import bearer_token
from service.api.dependencies import ReadingSessionDep, SettingsDep
from service.api.job_events import is_closing
from service.api.negotiation import NOT_MODIFIED, revalidated
from service.api.problems import problem_responses
from service.api.schemas.workers import WorkerRead
from service.domain.access.access_errors import MissingScope, ShuttingDown
from service.domain.errors import InvalidApiKey, StoreUnavailable
from service.domain.leasing import workers
from service.domain.limits import Limits
from service.store.schema import is_migrated
from service.store.tables import WorkerRow
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
    workers_ready: int = Field(description="Of these, those that take jobs: not those that have just started.")
    worker_list: list[WorkerRead] | None = Field(None, description="With ?verbose, as all below.")
    requests_open: int | None = None
    streams_open: int | None = None
    model_cache_bytes: int | None = None
    seconds_up: float | None = None


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
    responses=problem_responses(StoreUnavailable, ShuttingDown, InvalidApiKey, MissingScope),
)
def readyz(
    request: Request,
    response: Response,
    session: ReadingSessionDep,
    settings: SettingsDep,
    verbose: Annotated[str | None, Query(max_length=10, description="Tells more, to a key that may read.")] = None,
) -> Ready:
    """200 when the database answers and is migrated, and nobody has told the process to end; else 503."""
    response.headers["Cache-Control"] = "no-store"
    require_ready(request, session)
    seen = workers.list_workers(session, settings.lease_seconds)
    able = sum(workers.state_of(row.job_id, row.ready_at) != "starting" for row in seen)
    database = session.get_bind().dialect.name
    ready = Ready(database=database, migrated=True, workers=len(seen), workers_ready=able)
    if verbose is None or verbose.lower() in ("0", "false"):
        return ready
    if settings.needs_key:
        # A probe is open to everybody; where the workers run is not everybody's business.
        request.app.state.keys.find(bearer_token(request.headers)).require(("read",))
    return ready.model_copy(update=_details(request.app.state, seen))


@router.get(
    "/v1/version",
    operation_id="getVersion",
    summary="Which version runs here?",
    response_model=Version,
    responses=NOT_MODIFIED,
)
async def get_version(request: Request) -> Response:
    """Version of the service and of Python."""
    found = Version(version=code_version(), python=platform.python_version())
    return revalidated(request, found.model_dump_json())


@router.get(
    "/v1/limits",
    operation_id="getLimits",
    summary="How much does it take?",
    response_model=Limits,
    responses=NOT_MODIFIED,
)
async def get_limits(request: Request, settings: SettingsDep) -> Response:
    """Each limit by the name of its setting, which docs/settings.md explains."""
    return revalidated(request, orjson.dumps(Limits.from_settings(settings)))


def _details(state: Any, seen: Sequence[WorkerRow]) -> dict[str, Any]:
    return {
        "worker_list": [WorkerRead.model_validate(row, from_attributes=True) for row in seen],
        "requests_open": state.everybody.open_requests,
        "streams_open": state.streams.open,
        "model_cache_bytes": state.models.bytes,
        "seconds_up": round(time.monotonic() - state.began, 1),
    }


def require_ready(request: Request, session: Session) -> None:
    """Passes when the database answers and is migrated, and the process goes on.

    Raises:
        StoreUnavailable: it is not migrated.
        ShuttingDown: the process was told to end.
    """
    state: Any = request.app.state
    if is_closing(request.app):
        raise ShuttingDown
    # Once true it stays true: only looking for the newest step costs time.
    if not getattr(state, "is_migrated", False):
        if not is_migrated(session.connection()):
            raise StoreUnavailable("the database is not migrated; run kan migrate")
        state.is_migrated = True
