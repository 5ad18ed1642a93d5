"""Edits over HTTP: prune, restore, fix to a formula, refine, expand; each makes a version with its certificate."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import HEADER, REPLAYED, request_key
from service.api.negotiation import JSON
from service.api.problems import problem_responses
from service.api.schemas.edits import EditCreate, EditTrial, edit_trial
from service.api.schemas.models import VersionRead, version_read
from service.domain import edits, errors, models
from service.domain.idempotency import Answer
from service.store.tables import VersionRow

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["models"])


@router.post(
    "/edits",
    operation_id="editModelVersion",
    summary="Edit a version: a child of it, with what changed",
    status_code=201,
    response_model=VersionRead,
    responses={
        200: {"description": "dry_run: what would come out", "model": EditTrial},
        **problem_responses(
            errors.ModelNotFound,
            errors.VersionNotFound,
            errors.InvalidEdit,
            errors.InvalidParameter,
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

    def made() -> edits.Edited:
        row = models.get_version(reading, name, version)
        limits = {"max_parameters": settings.max_parameters, "max_rows": settings.max_prediction_rows}
        return edits.try_edit(reading, cache, row, body.operations, **limits)

    if body.dry_run:
        return Response(edit_trial(made()).model_dump_json(), media_type=JSON)
    answer = edits.submit_edit(
        session,
        made,
        status="published" if body.publish else "draft",
        answer_of=_created,
        request=request_key(request, settings, orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)),
    )
    headers = {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
    return Response(orjson.dumps(answer.body), answer.status, headers, JSON)


def _created(row: VersionRow) -> Answer:
    location = f"/v1/models/{row.model_name}/versions/{row.version}"
    return Answer(201, location, version_read(row).model_dump(mode="json"))
