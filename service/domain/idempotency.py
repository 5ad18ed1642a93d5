"""A create request that is sent twice makes one thing: the second gets the first answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from service.store import idempotency as statements
from service.store.engine import database_now


@dataclass(frozen=True)
class RequestKey:
    """An Idempotency-Key with what it was sent for.

    Attributes:
        scope: caller, method and path, so that a key serves each of them by itself.
        key: as sent.
        body_sha256: hash of what was asked for.
        max_age: after which the key is forgotten.
    """

    scope: str
    key: str
    body_sha256: str
    max_age: timedelta


@dataclass(frozen=True, eq=False)
class Answer:
    """What a create request is answered with.

    Attributes:
        replayed: is it the answer of an earlier request with the same key?
    """

    status: int
    location: str
    body: dict[str, Any]
    replayed: bool = False


def first_answer(session: Session, request: RequestKey | None) -> Answer | None:
    """Gives the answer to replay, None where this is the first request; takes the key for it then.

    Raises:
        IdempotencyKeyReused: the key was used for another body.
        IdempotencyKeyInFlight: the first request has no answer yet.
    """
    if request is None:
        return None
    now = database_now(session)
    statements.drop_old_keys(session, now - request.max_age)
    row = statements.take_key(session, request.scope, request.key, request.body_sha256, now)
    if row is None:
        return None
    if row.body_sha256 != request.body_sha256:
        raise IdempotencyKeyReused
    if row.status is None or row.location is None or row.body is None:
        raise IdempotencyKeyInFlight
    return Answer(row.status, row.location, row.body, replayed=True)


def keep_answer(session: Session, request: RequestKey | None, answer: Answer) -> Answer:
    """Keeps the first answer in the transaction that makes the thing; gives it back."""
    if request is not None:
        statements.keep_answer(session, request.scope, request.key, answer.status, answer.location, answer.body)
    return answer
