"""Edits over HTTP: prune, restore, fix to a formula, refine, expand; each makes a version with its certificate."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.dependencies import ModelsDep, ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.job_answers import Prefer, made_job_response
from service.api.negotiation import JSON
from service.api.problems import problem_responses
from service.api.schemas.edits import EditCreate, EditTrial, edit_trial
from service.api.schemas.jobs import DryRun, JobRead, dry_run_read, job_answer
from service.api.schemas.models import VersionRead, version_answer
from service.domain import errors, models
from service.domain.editing import edit_jobs, edits
from service.domain.limits import Limits
from service.domain.reading.functions import written_out
from service.domain.specs.job_specs import JobDraft

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["models"])


@router.post(
    "/edits",
    operation_id="editModelVersion",
    summary="Edit a version: a child of it, with what changed",
    status_code=201,
    response_model=VersionRead,
    responses={
        200: {"description": "dry_run: what would come out; with fit: what would run", "model": EditTrial | DryRun},
        202: {"description": "With fit: the job that edits, fits and makes the version", "model": JobRead},
        **problem_responses(
            errors.ModelNotFound,
            errors.VersionNotFound,
            errors.InvalidEdit,
            errors.InvalidParameter,
            errors.TrainingDataGone,
            errors.TooManyJobs,
            errors.IdempotencyKeyReused,
            errors.IdempotencyKeyInFlight,
        ),
    },
)
async def edit_version(
    name: str,
    version: str,
    body: EditCreate,
    request: Request,
    reading: ReadingSessionDep,
    session: SessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    _: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """A draft, unless `publish` is true; nothing is destroyed. The operations are applied one after the other."""
    limits = Limits.from_settings(settings)

    def edited() -> edits.Edited:
        row = models.get_version(reading, name, version)
        most = {"max_parameters": settings.max_parameters, "max_rows": settings.max_prediction_rows}
        return edits.try_edit(reading, cache, row, written_out(reading, body.operations), **most)

    def draft() -> JobDraft:
        row = models.get_version(reading, name, version)
        asked = edit_jobs.asked_edit(reading, body.operations, body.fit or {}, publish=body.publish)
        return edit_jobs.resolve_fitted_edit(reading, row, cache.model_of(reading, row).state, asked, limits)

    def shown() -> EditTrial | DryRun:
        return edit_trial(edited()) if body.fit is None else dry_run_read(draft())

    if body.dry_run:
        return Response((await run_in_threadpool(shown)).model_dump_json(), media_type=JSON)
    key = request_key(request, settings, json.dumps(body.model_dump(), sort_keys=True).encode())
    shared: dict[str, Any] = {"answer_of": version_answer if body.fit is None else job_answer, "request": key}
    if body.fit is None:
        shared["status"] = "published" if body.publish else "draft"
        return creation_response(await run_in_threadpool(edits.submit_edit, session, edited, **shared))
    shared["max_attempts"] = settings.max_attempts
    answer = await run_in_threadpool(edit_jobs.submit_fitted_edit, session, draft, limits, **shared)
    return await made_job_response(request, answer, prefer)
