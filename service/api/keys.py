"""API keys over HTTP: made (their secret is shown this once), listed, revoked; for keys with the scope admin."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ReadingSessionDep, SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, answer_headers, request_key
from service.api.negotiation import JSON, NOT_MODIFIED, etag_of, revalidated
from service.api.problems import problem_responses
from service.api.schemas.keys import KeyCreate, KeyCreated, KeyPage, KeyRead, key_read
from service.domain.access import keys
from service.domain.access.access_errors import InvalidKey, KeyNotFound
from service.domain.access.key_ring import KeyRing
from service.domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidParameter
from service.domain.idempotency import Answer, first_answer, keep_answer
from service.domain.ids import is_id

router = APIRouter(prefix="/v1/keys", tags=["service"])


@router.post(
    "",
    operation_id="createKey",
    summary="Make an API key",
    status_code=201,
    response_model=KeyCreated,
    responses=problem_responses(InvalidKey, InvalidParameter, IdempotencyKeyReused, IdempotencyKeyInFlight),
)
def create_key(
    body: KeyCreate, request: Request, session: SessionDep, settings: SettingsDep, _: IdempotencyKey = None
) -> Response:
    """The token is in this answer and nowhere else; a repeat with the same Idempotency-Key does not show it again."""
    asked = request_key(request, settings, body.model_dump_json().encode())
    answer, token = first_answer(session, asked), None
    if answer is None:
        row, token = keys.add_key(session, body.name, body.scopes, body.expires_at)
        # Without the token: only a hash of it may be kept.
        shown = key_read(row).model_dump(mode="json")
        answer = keep_answer(session, asked, Answer(201, f"/v1/keys/{row.id}", shown))
        session.commit()
    created = KeyCreated(**answer.body, token=token)
    # Of what a GET gives, which is without the token.
    etag = etag_of(orjson.dumps(answer.body).decode())
    headers = {**answer_headers(answer), "ETag": etag, "Cache-Control": "no-store"}
    return Response(created.model_dump_json(), answer.status, headers, JSON)


@router.get(
    "",
    operation_id="listKeys",
    summary="List API keys, newest first",
    response_model=KeyPage,
    responses={**NOT_MODIFIED, **problem_responses(InvalidParameter)},
)
def list_keys(
    request: Request,
    session: ReadingSessionDep,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries of one page.")] = 50,
    after: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before.")] = None,
) -> Response:
    """Revoked and expired ones too; never their secrets."""
    if after is not None and not is_id(keys.PREFIX, after):
        raise InvalidParameter("after", "expected the next_cursor of a page of this list")
    found = keys.list_keys(session, limit + 1, after)
    cursor = found[limit - 1].id if len(found) > limit else None
    page = KeyPage(data=[key_read(row) for row in found[:limit]], next_cursor=cursor)
    return revalidated(request, page.model_dump_json())


@router.get(
    "/{key_id}",
    operation_id="getKey",
    summary="Read what an API key may do",
    response_model=KeyRead,
    responses={**NOT_MODIFIED, **problem_responses(KeyNotFound)},
)
def get_key(key_id: str, request: Request, session: ReadingSessionDep) -> Response:
    """Everything but its secret, which nobody keeps."""
    return revalidated(request, key_read(keys.get_key(session, key_id)).model_dump_json())


@router.delete(
    "/{key_id}",
    operation_id="revokeKey",
    summary="Revoke an API key",
    status_code=204,
    responses=problem_responses(KeyNotFound),
)
def revoke_key(key_id: str, request: Request, session: SessionDep) -> None:
    """For good; it stays in the list as revoked, and to revoke it again changes nothing."""
    keys.revoke_key(session, key_id)
    ring: KeyRing = request.app.state.keys
    ring.forget(key_id)
