"""Jobs over HTTP: submit, list, read, delete."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.dependencies import ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, request_key
from service.api.job_answers import Prefer, made_job_response, wait_seconds
from service.api.job_events import wait_for_end
from service.api.negotiation import JSON, NOT_MODIFIED, revalidated
from service.api.problems import problem_responses
from service.api.schemas.job_specs import JobCreate
from service.api.schemas.jobs import (
    DryRun,
    JobPage,
    JobRead,
    Status,
    dry_run_read,
    job_answer,
    job_etag,
    job_read,
)
from service.domain import jobs
from service.domain.editing.edit_jobs import submit_fitted_edit
from service.domain.editing.edit_specs import resolve_edit_spec
from service.domain.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    IllegalJobStep,
    InvalidEdit,
    InvalidParameter,
    InvalidSpec,
    JobNotFound,
    TooManyJobs,
    TrainingDataGone,
)
from service.domain.ids import is_id
from service.domain.jobs import JobFilter
from service.domain.limits import Limits
from service.domain.specs import job_specs
from service.domain.specs.job_specs import JobDraft

router = APIRouter(tags=["jobs"])

_LABEL = "label."
_LABEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_LABELS: dict[str, Any] = {
    "name": "labels",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "schema": {
        "type": "object",
        "patternProperties": {rf"^label\.{_LABEL_NAME}$": {"type": "string"}},
        "additionalProperties": False,
    },
    "example": {"label.team": "concrete"},
    "description": "`label.<name>=<value>`: only jobs with this label; each of several.",
}


@router.post(
    "/v1/jobs",
    operation_id="createJob",
    summary="Train a model, edit and fit one, compare it with others, or predict a data set",
    status_code=202,
    response_model=JobRead,
    responses={
        200: {"description": "?dry_run=true: what would run", "model": DryRun},
        **problem_responses(
            InvalidSpec, InvalidEdit, TrainingDataGone, TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight
        ),
    },
)
async def create_job(
    spec: JobCreate,
    request: Request,
    reading: ReadingSessionDep,
    session: SessionDep,
    settings: SettingsDep,
    dry_run: Annotated[bool, Query(description="Check and resolve only; store nothing.")] = False,
    _: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Queued at once; a worker takes it from there."""
    limits = Limits.from_settings(settings)
    is_edit = spec.kind == "edit"

    def draft() -> JobDraft:
        if is_edit:
            return resolve_edit_spec(reading, request.app.state.models, spec.spec(), limits)
        return job_specs.resolve_job(reading, spec.spec(), limits, settings.lease_seconds)

    if dry_run:
        return Response(dry_run_read(await run_in_threadpool(draft)).model_dump_json(), media_type=JSON)
    shared: dict[str, Any] = {
        "max_attempts": settings.max_attempts,
        "answer_of": job_answer,
        "request": request_key(request, settings, json.dumps(spec.spec(), sort_keys=True).encode()),
    }
    if is_edit:
        answer = await run_in_threadpool(submit_fitted_edit, session, draft, limits, **shared)
    else:
        shared["lease_seconds"] = settings.lease_seconds
        answer = await run_in_threadpool(jobs.submit_job, session, spec.spec(), limits, **shared)
    return await made_job_response(request, answer, prefer)


@router.get(
    "/v1/jobs",
    operation_id="listJobs",
    summary="List jobs, newest first",
    response_model=JobPage,
    responses={**NOT_MODIFIED, **problem_responses(InvalidParameter)},
    openapi_extra={"parameters": [_LABELS]},
)
def list_jobs(
    request: Request,
    session: ReadingSessionDep,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries of one page.")] = 50,
    after: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before.")] = None,
    status: Annotated[list[Status] | None, Query(description="Only these states.")] = None,
    model: Annotated[str | None, Query(max_length=63, description="Only of this model.")] = None,
    dataset: Annotated[str | None, Query(max_length=100, description="Only on this data set.")] = None,
) -> Response:
    """`label.<name>=<value>` filters by label."""
    if after is not None and not is_id(jobs.PREFIX, after):
        raise InvalidParameter("after", "expected the next_cursor of a page of this list")
    for name, value in (("model", model), ("dataset", dataset)):
        if value is not None and "\0" in value:
            raise InvalidParameter(name, "expected no control characters")
    only = JobFilter(tuple(status or ()), model, dataset, _label_filter(request))
    found = jobs.list_jobs(session, limit, after, only)
    cursor = found.entries[-1].row.id if found.more else None
    page = JobPage(data=[job_read(view) for view in found.entries], next_cursor=cursor)
    return revalidated(request, page.model_dump_json())


@router.get(
    "/v1/jobs/{job_id}",
    operation_id="getJob",
    summary="Read a job",
    response_model=JobRead,
    responses={**NOT_MODIFIED, **problem_responses(JobNotFound)},
)
async def get_job(job_id: str, request: Request, prefer: Prefer = None) -> Response:
    """With `Prefer: wait=N` the answer comes when the job has ended, or after N seconds."""
    job = job_read(await wait_for_end(request.app, job_id, wait_seconds(prefer)))
    body = job.model_dump_json()
    return revalidated(request, body, job_etag(job, body))


@router.delete(
    "/v1/jobs/{job_id}",
    operation_id="deleteJob",
    summary="Delete a job that has ended",
    status_code=204,
    responses=problem_responses(JobNotFound, IllegalJobStep),
)
def delete_job(job_id: str, session: SessionDep) -> None:
    """Its log goes with it; the model that it made stays."""
    jobs.delete_job(session, job_id)


def _label_filter(request: Request) -> dict[str, str]:
    found: dict[str, Any] = {}
    for name, value in request.query_params.items():
        if name.startswith(_LABEL):
            label = name.removeprefix(_LABEL)
            if not re.fullmatch(_LABEL_NAME, label) or "\0" in value:
                raise InvalidParameter(_LABEL + "*", "expected the name of a label, and a value")
            found[label] = value
    return found
