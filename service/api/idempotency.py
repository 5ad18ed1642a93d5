"""The Idempotency-Key header: a create request that is sent twice makes one thing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic_core import to_json

from service.api.negotiation import JSON, etag_of
from service.domain.idempotency import Answer, RequestKey
from service.settings import Settings

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# Checked here; `request_key` reads the header.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        pattern="^[!-~]{1,200}$",
        description="Makes a repeat harmless: the same key twice makes one thing.",
    ),
]


def request_key(request: Request, settings: Settings, *parts: bytes) -> RequestKey | None:
    """Gives the request's key with a hash of what was asked for, None where it has no key.

    Args:
        request: the create request; each caller has keys of its own.
        settings: say how long a key is remembered.
        parts: everything that decides what is made.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    digest = hashlib.sha256()
    for part in parts:
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(part).to_bytes(8, "big") + part)
    return RequestKey(
        scope=f"{caller_of(request)} {request.method} {request.url.path}".lstrip(),
        key=key,
        body_sha256=digest.hexdigest(),
        max_age=timedelta(hours=settings.idempotency_hours),
    )


def caller_of(request: Request) -> str:
    """Gives the id of the API key that asks, nothing where none is needed."""
    return str(getattr(request.state, "key_id", ""))


def creation_response(answer: Answer) -> Response:
    """Gives the thing that was made, where it is, and the ETag that a GET there gives."""
    # As pydantic writes it at a GET: integers of any size too.
    content = to_json(answer.body).decode()
    return Response(content, answer.status, {**answer_headers(answer), "ETag": etag_of(content)}, JSON)


def answer_headers(answer: Answer) -> dict[str, str]:
    """Gives where the thing is, and whether the answer is that of an earlier request."""
    return {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
