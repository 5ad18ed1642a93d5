"""A version that a request makes of another one: measured first, then stored with the request's key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from service.domain.idempotency import Answer, RequestKey, first_answer, keep_answer
from service.store.tables import VersionRow

T = TypeVar("T")


def submit_child(
    session: Session,
    make: Callable[[], T],
    store: Callable[[T], VersionRow],
    *,
    answer_of: Callable[[VersionRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores a version and its idempotency key in one transaction, and commits.

    Args:
        session: to write with.
        make: with another session; it may take a while, so no lock is held meanwhile.
        store: of what was made, with this session.
        answer_of: gives what is answered.
        request: replays the first answer.

    Raises:
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
    """
    replay = first_answer(session, request)
    session.rollback()
    if replay is not None:
        return replay
    made = make()
    replay = first_answer(session, request)
    if replay is not None:
        return replay
    answer = keep_answer(session, request, answer_of(store(made)))
    session.commit()
    return answer
