"""Edits over HTTP: prune, restore, fix to a formula, refine, expand; each makes a version with its certificate."""

from __future__ import annotations

import json
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import HEADER, REPLAYED, request_key
from service.api.negotiation import JSON
from service.api.problems import problem_responses
from service.api.schemas.edits import EditCreate, EditTrial, edit_trial
from service.api.schemas.jobs import DryRun, JobRead, dry_run_read, job_read
from service.api.schemas.models import VersionRead, version_read
from service.domain import errors, models
from service.domain.editing import edit_jobs, edits
from service.domain.idempotency import Answer
from service.domain.jobs import JobView
from service.domain.limits import Limits
from service.domain.reading.functions import written_out
from service.domain.specs.job_specs import JobDraft
from service.store.tables import VersionRow

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
def edit_version(
    name: str,
    version: str,
    body: EditCreate,
    request: Request,
    reading: ReadingSessionDep,
    session: SessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    _key: Annotated[str | None, Header(alias=HEADER, description="The same key twice makes one version.")] = None,
) -> Response:
    """A draft, unless `publish` is true; nothing is destroyed. The operations are applied one after the other."""
    limits = Limits.from_settings(settings)

    def edited() -> edits.Edited:
        row = models.get_version(reading, name, version)
        most = {"max_parameters": settings.max_parameters, "max_rows": settings.max_prediction_rows}
        return edits.try_edit(reading, cache, row, written_out(reading, body.operations), **most)

    def draft() -> JobDraft:
        row = models.get_version(reading, name, version)
        (fit,) = written_out(reading, [body.fit or {}])
        asked = edit_jobs.FittedEdit(written_out(reading, body.operations), fit, body.publish)
        return edit_jobs.resolve_fitted_edit(reading, row, cache.model_of(reading, row).state, asked, limits)

    if body.dry_run:
        shown = edit_trial(edited()) if body.fit is None else dry_run_read(draft())
        return Response(shown.model_dump_json(), media_type=JSON)
    key = request_key(request, settings, json.dumps(body.model_dump(), sort_keys=True).encode())
    if body.fit is None:
        status: models.VersionStatus = "published" if body.publish else "draft"
        answer = edits.submit_edit(session, edited, status=status, answer_of=_created, request=key)
    else:
        attempts = {"max_attempts": settings.max_attempts}
        answer = edit_jobs.submit_fitted_edit(session, draft, limits, answer_of=_accepted, request=key, **attempts)
    headers = {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
    return Response(orjson.dumps(answer.body), answer.status, headers, JSON)


def _created(row: VersionRow) -> Answer:
    location = f"/v1/models/{row.model_name}/versions/{row.version}"
    return Answer(201, location, version_read(row).model_dump(mode="json"))


def _accepted(view: JobView) -> Answer:
    return Answer(202, f"/v1/jobs/{view.row.id}", job_read(view).model_dump(mode="json"))
