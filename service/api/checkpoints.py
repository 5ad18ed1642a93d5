"""Checkpoints over HTTP: the networks that a training came by, and making a version of one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.models import version_headers
from service.api.negotiation import (
    CHANGING,
    JSON,
    NOT_MODIFIED,
    chosen_format,
    etag_of,
    is_known,
    not_modified,
    revalidated,
)
from service.api.problems import problem_responses
from service.api.schemas.checkpoints import (
    CheckpointList,
    CheckpointRead,
    PromotionCreate,
    checkpoint_list,
    checkpoint_read,
)
from service.api.schemas.models import VersionRead, version_answer
from service.domain import checkpoints, errors, models
from service.domain.editing import promotions
from service.domain.leasing.children import submit_child

router = APIRouter()

BYTES = "application/octet-stream"


@router.get(
    "/v1/jobs/{job_id}/checkpoints",
    operation_id="listJobCheckpoints",
    summary="List the networks that a job's training came by",
    tags=["jobs"],
    response_model=CheckpointList,
    responses={**NOT_MODIFIED, **problem_responses(errors.JobNotFound)},
)
def list_job_checkpoints(job_id: str, request: Request, session: ReadingSessionDep) -> Response:
    """Those of a running job too. When it ends, the ones that `kept_for` gives a reason for stay."""
    found = checkpoint_list(checkpoints.list_checkpoints(session, job_id))
    return revalidated(request, found.model_dump_json())


@router.get(
    "/v1/jobs/{job_id}/checkpoints/{number}",
    operation_id="getJobCheckpoint",
    summary="Read one checkpoint, or its network as a file",
    tags=["jobs"],
    response_model=CheckpointRead,
    responses={
        200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **NOT_MODIFIED,
        **problem_responses(errors.JobNotFound, errors.CheckpointNotFound, errors.CheckpointGone, errors.NotAcceptable),
    },
)
def get_job_checkpoint(job_id: str, number: str, request: Request, session: ReadingSessionDep) -> Response:
    """`Accept: application/octet-stream` gives the safetensors file that `Kan.load` reads."""
    media_type = chosen_format(request, [JSON, BYTES])
    found = checkpoints.get_checkpoint(session, job_id, number)
    if media_type == JSON:
        content = checkpoint_read(found).model_dump_json().encode()
        headers = {"ETag": etag_of(content)}
    else:
        content = checkpoints.model_bytes(session, found.row)
        name = f"{job_id}-{found.row.number}.safetensors"
        headers = {"ETag": f'"{found.row.blob_sha256}"', "Content-Disposition": f'attachment; filename="{name}"'}
    headers |= {"Cache-Control": CHANGING, "Vary": "Accept"}
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    "/v1/models/{name}/versions/{version}/checkpoints",
    operation_id="listVersionCheckpoints",
    summary="List the networks that a version's training came by",
    tags=["models"],
    response_model=CheckpointList,
    responses={**NOT_MODIFIED, **problem_responses(errors.ModelNotFound, errors.VersionNotFound)},
)
def list_version_checkpoints(name: str, version: str, request: Request, session: ReadingSessionDep) -> Response:
    """Those of the job that made the version; none where something else made it, or the job was deleted."""
    row = models.get_version(session, name, version)
    body = checkpoint_list(promotions.checkpoints_of(session, row)).model_dump_json()
    headers = version_headers(row, version, "/checkpoints", etag_of(body)) | {"Cache-Control": CHANGING}
    return not_modified(headers) if is_known(request, headers["ETag"]) else Response(body, 200, headers, JSON)


@router.post(
    "/v1/models/{name}/versions/{version}/checkpoints/{number}/promote",
    operation_id="promoteCheckpoint",
    summary="Make a version of a checkpoint",
    tags=["models"],
    status_code=201,
    response_model=VersionRead,
    responses=problem_responses(
        errors.ModelNotFound,
        errors.VersionNotFound,
        errors.CheckpointNotFound,
        errors.CheckpointGone,
        errors.IdempotencyKeyReused,
        errors.IdempotencyKeyInFlight,
    ),
)
def promote_checkpoint(
    name: str,
    version: str,
    number: str,
    request: Request,
    reading: ReadingSessionDep,
    session: SessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    body: PromotionCreate | None = None,
    _: IdempotencyKey = None,
) -> Response:
    """A child of the version, the checkpoint's network: a draft unless `publish` is true; measured as an edit is."""
    publish = body is not None and body.publish

    def made() -> promotions.Promotion:
        row = models.get_version(reading, name, version)
        return promotions.try_promotion(reading, cache, row, number, max_rows=settings.max_prediction_rows)

    answer = submit_child(
        session,
        made,
        lambda found: promotions.store_promotion(session, found, "published" if publish else "draft"),
        answer_of=version_answer,
        request=request_key(request, settings, b"publish" if publish else b"draft"),
    )
    return creation_response(answer)
