"""Expressions over HTTP: one becomes a version of a model that predicts it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import SessionDep, SettingsDep
from service.api.idempotency import HEADER, REPLAYED, request_key
from service.api.negotiation import JSON
from service.api.problems import problem_responses
from service.api.schemas.expressions import ExpressionCreate
from service.api.schemas.models import VersionRead, version_read
from service.domain import errors, formula_errors
from service.domain.expressions import ExpressionDraft, submit_expression
from service.domain.idempotency import Answer
from service.store.tables import VersionRow

router = APIRouter(tags=["formulas"])


@router.post(
    "/v1/models",
    operation_id="createModel",
    summary="Make a version from an expression",
    status_code=201,
    response_model=VersionRead,
    responses=problem_responses(
        formula_errors.InvalidExpression,
        errors.InvalidParameter,
        errors.IdempotencyKeyReused,
        errors.IdempotencyKeyInFlight,
        errors.MalformedBody,
        errors.BodyTooLarge,
    ),
)
def create_model(
    body: ExpressionCreate,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    _key: Annotated[str | None, Header(alias=HEADER, description="The same key twice makes one version.")] = None,
) -> Response:
    """A published version whose edges are formulas: it predicts, is drawn, edited and written out as any other."""
    answer = submit_expression(
        session,
        ExpressionDraft(body.name, body.expression, body.ranges, body.target),
        answer_of=_created,
        request=request_key(request, settings, orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)),
    )
    headers = {"Location": answer.location, **({REPLAYED: "true"} if answer.replayed else {})}
    return Response(orjson.dumps(answer.body), answer.status, headers, JSON)


def _created(row: VersionRow) -> Answer:
    location = f"/v1/models/{row.model_name}/versions/{row.version}"
    return Answer(201, location, version_read(row).model_dump(mode="json"))
