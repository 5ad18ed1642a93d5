"""What whoever makes a job, or asks something of one, is answered: the job, where it is, and its ETag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Header, Request, Response

from service.api.idempotency import answer_headers
from service.api.job_events import LONGEST_WAIT_SECONDS, wait_for_end
from service.api.negotiation import CHANGING, JSON
from service.api.schemas.jobs import JobRead, job_etag, job_read
from service.domain.idempotency import Answer
from service.domain.jobs import JobView

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})(?:$|[,;\s])", re.IGNORECASE)

Prefer = Annotated[
    str | None, Header(max_length=200, description="wait=N: answer when the job has ended, or after N s.")
]


def wait_seconds(prefer: str | None) -> int:
    """Gives how long the client likes to wait for the end of a job; 0 where it does not say."""
    found = _WAIT.search(prefer or "")
    return min(LONGEST_WAIT_SECONDS, int(found.group(1))) if found else 0


async def made_job_response(request: Request, answer: Answer, prefer: str | None) -> Response:
    """Gives a job that was made: as it is at once, or as it is when the client's wait is over."""
    job = JobRead.model_validate(answer.body)
    if not answer.replayed and wait_seconds(prefer):
        job = job_read(await wait_for_end(request.app, job.id, wait_seconds(prefer)))
    return job_response(job, answer.status, answer_headers(answer))


def asked_job_response(view: JobView) -> Response:
    """Gives a job of which something was asked that it may yet have to do."""
    return job_response(job_read(view), 202, {"Location": f"/v1/jobs/{view.row.id}"})


def job_response(job: JobRead, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Gives a job with its ETag."""
    body = job.model_dump_json()
    told = {"ETag": job_etag(job, body), "Cache-Control": CHANGING}
    return Response(body, status, {**told, **(headers or {})}, JSON)
