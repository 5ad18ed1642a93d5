"""Expressions over HTTP: one becomes a version of a model that predicts it."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import SessionDep, SettingsDep
from service.api.idempotency import HEADER, REPLAYED, request_key
from service.api.negotiation import JSON
from service.api.problems import problem_responses
from service.api.schemas.expressions import ExpressionCreate
from service.api.schemas.models import VersionRead, version_read
from service.domain import errors, file_errors
from service.domain.expressions import ExpressionDraft, submit_expression
from service.domain.idempotency import Answer
from service.domain.reading import formula_errors
from service.store.tables import VersionRow

router = APIRouter(tags=["formulas"])

_BINARY = {"type": "string", "format": "binary"}
# Read by the route of `service.api.imports`, which shares this address.
_FILES: dict[str, Any] = {
    "application/octet-stream": {"schema": _BINARY},
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": _BINARY, "name": {"type": "string"}},
        }
    },
}
_NAME = {
    "name": "name",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "maxLength": 300},
    "description": "Of a file: the model, which gets its next version; of a form it is made from the file's name.",
    "example": "concrete",
}


@router.post(
    "/v1/models",
    operation_id="createModel",
    summary="Make a version from an expression, or from a model's file",
    status_code=201,
    response_model=VersionRead,
    responses=problem_responses(
        formula_errors.InvalidExpression,
        file_errors.InvalidModelFile,
        errors.InvalidParameter,
        errors.IdempotencyKeyReused,
        errors.IdempotencyKeyInFlight,
        errors.MalformedBody,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
    ),
    openapi_extra={"requestBody": {"content": _FILES}, "parameters": [_NAME]},
)
def create_model(
    body: ExpressionCreate,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    _key: Annotated[str | None, Header(alias=HEADER, description="The same key twice makes one version.")] = None,
) -> Response:
    """A published version: of an expression one whose edges are formulas; of a file the network that is in it.

    Both predict, are drawn, edited and written out as any other. A file is what `export?format=safetensors` gives.
    """
    answer = submit_expression(
        session,
        ExpressionDraft(body.name, body.expression, body.ranges, body.target),
        answer_of=version_answer,
        request=request_key(request, settings, orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)),
    )
    headers = {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
    return Response(orjson.dumps(answer.body), answer.status, headers, JSON)


def version_answer(row: VersionRow) -> Answer:
    """Gives what is answered to who made a version."""
    location = f"/v1/models/{row.model_name}/versions/{row.version}"
    return Answer(201, location, version_read(row).model_dump(mode="json"))
