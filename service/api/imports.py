"""Model files over HTTP: a file that another server, or this one, gave out becomes a version."""

from __future__ import annotations

from email.message import Message
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile
from starlette.routing import Match
from starlette.types import Scope

from service.api.dependencies import SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.negotiation import JSON
from service.api.schemas.models import VersionRead, version_answer
from service.api.uploads import FORM, read_form
from service.domain.errors import InvalidParameter, UnsupportedMediaType
from service.domain.file_errors import InvalidModelFile
from service.domain.imports import ModelFile, submit_import
from service.domain.limits import Limits
from service.domain.models import model_name_from

ModelName = Annotated[
    str | None,
    Query(
        max_length=300,
        description="The model, which gets its next version; before a name in the body. Of a form it may be made from "
        "the file's name.",
    ),
]
BYTES = ("application/octet-stream", "application/vnd.safetensors", "application/x-safetensors")


class _FileRoute(APIRoute):
    """Takes what is not JSON; JSON is an expression, which has a route of its own at this address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Gives the match of the path and method, none where the body is JSON or says nothing of itself."""
        content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
        media_type = _media_type(content_type)
        if not content_type or media_type == JSON or media_type.endswith("+json"):
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(tags=["models"], route_class=_FileRoute)


async def read_model_file(
    request: Request,
    name: ModelName = None,
) -> ModelFile:
    """Gives the file, sent as the body or in the field `file` of a form.

    Raises:
        UnsupportedMediaType, MalformedBody, InvalidModelFile: no file.
        InvalidParameter: bytes without a name.
    """
    media_type = _media_type(request.headers.get("content-type", ""))
    if media_type == FORM:
        return await _from_form(request, name)
    if media_type not in BYTES:
        raise UnsupportedMediaType((JSON, *BYTES, FORM))
    if name is None:
        raise InvalidParameter("name", "expected the name of the model that gets the next version")
    return ModelFile(await request.body(), name)


@router.post("/v1/models", status_code=201, response_model=VersionRead, include_in_schema=False)
def import_model(
    file: Annotated[ModelFile, Depends(read_model_file)],
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    _: IdempotencyKey = None,
) -> Response:
    """Told of in the description of `createModel`, which shares this address."""
    answer = submit_import(
        session,
        file,
        Limits.from_settings(settings),
        answer_of=version_answer,
        request=request_key(request, settings, file.model_name.encode("utf-8", "surrogatepass"), file.content),
    )
    return creation_response(answer)


async def _from_form(request: Request, name: str | None) -> ModelFile:
    form = await read_form(request)
    try:
        file, field = form.get("file"), form.get("name")
        if not isinstance(file, UploadFile):
            raise InvalidModelFile("expected a form with one file in the field `file`")
        named = name or (field if isinstance(field, str) else "") or model_name_from(_stem(file.filename))
        return ModelFile(await file.read(), named)
    finally:
        await form.close()


def _stem(file_name: str | None) -> str:
    return PurePosixPath((file_name or "").replace("\\", "/")).name.removesuffix(".safetensors")


def _media_type(header: Any) -> str:
    message = Message()
    message["content-type"] = header.replace("\r", "").replace("\n", "") or "none/none"
    return message.get_content_type()
