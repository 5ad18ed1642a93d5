"""Aliases over HTTP: names such as `champion` that stand for a version wherever its number may stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import ReadingSessionDep, SessionDep
from service.api.negotiation import CHANGING, JSON, NOT_MODIFIED, matched_tags, revalidated
from service.api.problems import problem_responses
from service.api.schemas.aliases import AliasList, AliasPut, AliasRead, alias_entry, alias_read
from service.domain import aliases
from service.domain.aliases import Alias
from service.domain.errors import (
    AliasNotFound,
    IfMatchFailed,
    IfMatchMissing,
    InvalidAlias,
    ModelNotFound,
    VersionGone,
    VersionNotFound,
)

router = APIRouter(prefix="/v1/models/{name}/aliases", tags=["models"])

# Declared for the API document; `matched_tags` reads the header.
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The alias's ETag as last seen, or *.")]
_NO_ALIAS = problem_responses(ModelNotFound, AliasNotFound)
_UNSEEN = (IfMatchMissing, IfMatchFailed)


@router.get(
    "",
    operation_id="listAliases",
    summary="List a model's aliases",
    response_model=AliasList,
    responses={**NOT_MODIFIED, **problem_responses(ModelNotFound)},
)
def list_aliases(name: str, request: Request, session: ReadingSessionDep) -> Response:
    """Each with the version that it names now."""
    found = AliasList(data=[alias_entry(row) for row in aliases.list_aliases(session, name)])
    return revalidated(request, found.model_dump_json())


@router.get(
    "/{alias}",
    operation_id="getAlias",
    summary="Read an alias with its history",
    response_model=AliasRead,
    responses={**NOT_MODIFIED, **_NO_ALIAS},
)
def get_alias(name: str, alias: str, request: Request, session: ReadingSessionDep) -> Response:
    """Its ETag is what a change must send as If-Match."""
    found = aliases.get_alias(session, name, alias)
    return revalidated(request, alias_read(found).model_dump_json(), _etag(found))


@router.put(
    "/{alias}",
    operation_id="putAlias",
    summary="Let an alias name a version",
    response_model=AliasRead,
    responses={
        201: {"model": AliasRead, "description": "A new alias"},
        **problem_responses(ModelNotFound, VersionNotFound, VersionGone, InvalidAlias, *_UNSEEN),
    },
)
def put_alias(
    name: str, alias: str, body: AliasPut, request: Request, session: SessionDep, _: IfMatch = None
) -> Response:
    """A new alias needs no If-Match; to move one on, send the ETag that was seen last."""
    found, is_new = aliases.put_alias(session, name, alias, body.version, seen=matched_tags(request))
    return _answer(found, 201 if is_new else 200)


@router.delete(
    "/{alias}",
    operation_id="deleteAlias",
    summary="Delete an alias",
    status_code=204,
    responses={**_NO_ALIAS, **problem_responses(*_UNSEEN)},
)
def delete_alias(name: str, alias: str, request: Request, session: SessionDep, _: IfMatch = None) -> None:
    """The version stays, and so does the history."""
    aliases.delete_alias(session, name, alias, seen=matched_tags(request))


def _etag(alias: Alias) -> str:
    return f'"{alias.revision}"'


def _answer(alias: Alias, status: int) -> Response:
    headers = {"ETag": _etag(alias), "Cache-Control": CHANGING}
    if status == 201:
        headers["Location"] = f"/v1/models/{alias.last.model_name}/aliases/{alias.last.alias}"
    return Response(alias_read(alias).model_dump_json(), status, headers, JSON)
