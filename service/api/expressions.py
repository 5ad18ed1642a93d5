"""Expressions over HTTP: one becomes a version of a model that predicts it."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service.api.dependencies import SessionDep, SettingsDep
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.imports import BYTES, ModelName
from service.api.problems import problem_responses
from service.api.schemas.expressions import ExpressionCreate
from service.api.schemas.models import VersionRead, version_answer
from service.api.uploads import FORM
from service.domain import errors, file_errors
from service.domain.expressions import ExpressionDraft, submit_expression
from service.domain.reading import formula_errors

router = APIRouter(tags=["formulas"])

_BINARY = {"type": "string", "format": "binary"}
# Read by the route of `service.api.imports`, which shares this address.
_FILES: dict[str, Any] = {
    **{media: {"schema": _BINARY} for media in BYTES},
    FORM: {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": _BINARY, "name": {"type": "string"}},
        }
    },
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
    openapi_extra={"requestBody": {"content": _FILES}},
)
def create_model(
    body: ExpressionCreate,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    name: ModelName = None,
    _: IdempotencyKey = None,
) -> Response:
    """A published version: of an expression one whose edges are formulas; of a file the network that is in it.

    Both predict, are drawn, edited and written out as any other. A file is what `export?format=safetensors` gives.
    """
    named = name or body.name
    asked = orjson.dumps([named, body.model_dump()], option=orjson.OPT_SORT_KEYS)
    answer = submit_expression(
        session,
        ExpressionDraft(named, body.expression, body.ranges, body.target),
        answer_of=version_answer,
        request=request_key(request, settings, asked),
    )
    return creation_response(answer)
