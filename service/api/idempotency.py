"""The Idempotency-Key header: a create request that is sent twice makes one thing."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Annotated

from fastapi import Header, Request

from service.domain.errors import InvalidParameter
from service.domain.idempotency import Answer, RequestKey
from service.settings import Settings

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# Declared for the API document; `request_key` reads the header.
IdempotencyKey = Annotated[str | None, Header(alias=HEADER, description="Makes a repeat harmless.")]

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def request_key(request: Request, settings: Settings, *parts: bytes) -> RequestKey | None:
    """Gives the request's key with a hash of what was asked for, None where it has no key.

    Args:
        request: the create request.
        settings: say how long a key is remembered.
        parts: everything that decides what is made.

    Raises:
        InvalidParameter: a key that is empty, too long, or not of visible ASCII characters.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidParameter(HEADER, "expected 1 to 200 visible ASCII characters")
    digest = hashlib.sha256()
    for part in parts:
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(part).to_bytes(8, "big") + part)
    return RequestKey(
        scope=f"{request.method} {request.url.path}",
        key=key,
        body_sha256=digest.hexdigest(),
        max_age=timedelta(hours=settings.idempotency_hours),
    )


def answer_headers(answer: Answer) -> dict[str, str]:
    """Gives where the thing is, and whether the answer is that of an earlier request."""
    return {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
