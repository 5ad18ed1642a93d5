"""What is asked of a job that exists, over HTTP: cancel, pause, resume, retry; its labels and its priority."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.dependencies import SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, request_key
from service.api.job_answers import Prefer, asked_job_response, job_response, made_job_response
from service.api.negotiation import matched_tags
from service.api.problems import problem_responses
from service.api.schemas.jobs import JobPatch, JobRead, job_answer, job_read
from service.domain import job_patches, job_verbs
from service.domain.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    IfMatchFailed,
    IfMatchMissing,
    IllegalJobStep,
    InvalidSpec,
    JobNotFound,
    TooManyJobs,
)

router = APIRouter(tags=["jobs"])

_STEP: dict[str, Any] = {
    "status_code": 202,
    "response_model": JobRead,
    "responses": problem_responses(JobNotFound, IllegalJobStep),
}

# Declared for the API document; `matched_tags` reads the header.
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The job's ETag as last seen, or *.")]


@router.post("/v1/jobs/{job_id}/cancel", operation_id="cancelJob", summary="Cancel a job", **_STEP)
def cancel_job(job_id: str, session: SessionDep) -> Response:
    """A queued or paused job ends at once, a running one within two seconds; a second cancel changes nothing."""
    return asked_job_response(job_verbs.cancel_job(session, job_id))


@router.post("/v1/jobs/{job_id}/pause", operation_id="pauseJob", summary="Pause a job", **_STEP)
def pause_job(job_id: str, session: SessionDep) -> Response:
    """A queued job rests at once; a running one ends its step, writes a checkpoint and frees its device."""
    return asked_job_response(job_verbs.pause_job(session, job_id))


@router.post("/v1/jobs/{job_id}/resume", operation_id="resumeJob", summary="Resume a job", **_STEP)
def resume_job(job_id: str, session: SessionDep) -> Response:
    """A paused job waits in the queue again and goes on from its checkpoint; a pause not done yet is taken back."""
    return asked_job_response(job_verbs.resume_job(session, job_id))


@router.post(
    "/v1/jobs/{job_id}/retry",
    operation_id="retryJob",
    summary="Try a job again",
    status_code=202,
    response_model=JobRead,
    responses=problem_responses(
        JobNotFound, IllegalJobStep, InvalidSpec, TooManyJobs, IdempotencyKeyReused, IdempotencyKeyInFlight
    ),
)
async def retry_job(
    job_id: str,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    _: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Submits what failed or was cancelled as a new job, from the start; its `retry_of` names the old one."""
    answer = await run_in_threadpool(
        job_verbs.retry_job,
        session,
        job_id,
        max_queue=settings.max_queue,
        max_attempts=settings.max_attempts,
        answer_of=job_answer,
        request=request_key(request, settings),
    )
    return await made_job_response(request, answer, prefer)


@router.patch(
    "/v1/jobs/{job_id}",
    operation_id="patchJob",
    summary="Change labels and priority",
    response_model=JobRead,
    responses=problem_responses(JobNotFound, IfMatchMissing, IfMatchFailed, InvalidSpec),
)
def patch_job(
    job_id: str, patch: JobPatch, request: Request, session: SessionDep, settings: SettingsDep, _: IfMatch = None
) -> Response:
    """A JSON merge patch (RFC 7396): labels that it does not name stay, null takes one away."""
    view = job_patches.patch_job(
        session,
        job_id,
        patch.change(),
        seen=_revisions(request),
        max_labels=settings.max_labels,
    )
    return job_response(job_read(view))


def _revisions(request: Request) -> set[str] | None:
    """Gives the first halves of the tags that `job_etag` made."""
    tags = matched_tags(request)
    return None if tags is None else {tag.partition(".")[0] for tag in tags}
