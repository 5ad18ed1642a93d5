"""The OpenAPI document of one version over HTTP, with an example that it has really answered."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.models import NO_VERSION, version_headers
from service.api.negotiation import JSON, NOT_MODIFIED, etag_of, is_known, not_modified
from service.api.prediction_answers import prediction_body
from service.api.prediction_options import OPTIONS
from service.api.schemas.version_documents import VersionFacts, example_value, version_document
from service.domain import models, predictions
from service.domain.curves import column_units
from service.domain.model_cache import LoadedModel
from service.domain.prediction_forms.json_text import read_json
from service.store.tables import VersionRow
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["predictions"])

_EXAMPLE = {"openapi": "3.1.0", "info": {"title": "concrete, version 3", "version": "0.1.0"}, "paths": {}}


@router.get(
    "/openapi.json",
    operation_id="getModelVersionDocument",
    summary="Read how to ask this version: its columns with units, ranges and categories, and an example",
    response_class=Response,
    responses={
        200: {
            "description": "OpenAPI 3.1",
            "content": {JSON: {"schema": {"type": "object"}, "example": _EXAMPLE}},
        },
        **NOT_MODIFIED,
        **NO_VERSION,
    },
)
def get_document(name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep) -> Response:
    """For code generators and clients of one model; the example's answer is what the version predicts."""
    row = models.get_version(session, name, version)
    headers = version_headers(row, version, "/openapi.json", etag_of("openapi", row.id, code_version()))
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    document = version_document(_facts(row, cache.model_of(session, row)))
    return Response(orjson.dumps(document), media_type=JSON, headers=headers)


def _facts(row: VersionRow, model: LoadedModel) -> VersionFacts:
    values = [example_value(column) for column in model.columns]
    return VersionFacts(
        path=f"/v1/models/{row.model_name}/versions/{row.version}",
        title=f"{row.model_name}, version {row.version}",
        code_version=code_version(),
        columns=model.columns,
        outputs=[(item.name, getattr(item, "classes", ())) for item in model.encoding.outputs],
        units=column_units(row.signature),
        row=values,
        answer=_answer(row, model, values),
        options=OPTIONS,
    )


def _answer(row: VersionRow, model: LoadedModel, values: list[Any]) -> dict[str, Any]:
    table = read_json(orjson.dumps({"rows": [values]}), model.columns, 1)
    found: dict[str, Any] = orjson.loads(prediction_body(row, predictions.predict(model, table, "warn", 1), JSON, {}))
    return found
