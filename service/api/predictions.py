"""Predictions over HTTP: rows in by body or by address, answers out as JSON, CSV, NDJSON or Parquet."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep, SettingsDep
from service.api.few_at_once import few_at_once
from service.api.hot_path import answered
from service.api.models import version_headers
from service.api.negotiation import chosen_format, etag_of, is_known, not_modified
from service.api.prediction_answers import prediction_body, stored_body
from service.api.prediction_options import (
    CONTRIBUTIONS,
    GRADIENT,
    INTERVAL,
    OPTIONS,
    Asked,
    check_asked,
    explanation,
    read_asked,
)
from service.api.problems import problem_responses
from service.api.schemas.predictions import PREDICT_BODY, PredictionRead, StoredPredictionRead
from service.api.table_formats import FILE_FORMATS, FORMATS
from service.api.uploads import read_upload
from service.domain import errors, models, predictions
from service.domain.datasets import get_dataset
from service.domain.prediction_forms.bodies import read_rows
from service.domain.prediction_forms.tables import read_parameters
from service.domain.served_models import Served
from service.domain.stored_predictions import PartName, predict_stored
from service.domain.tables.parsed import TableLimits
from service.domain.tables.upload import PACKED
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["predictions"])

_PROBLEMS = problem_responses(
    errors.ModelNotFound,
    errors.VersionNotFound,
    errors.InvalidRows,
    errors.OutsideTrainingRange,
    errors.InvalidParameter,
    errors.NotAcceptable,
)
_BODY_PROBLEMS = problem_responses(errors.MalformedBody, errors.BodyTooLarge, errors.UnsupportedMediaType)
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in FILE_FORMATS}}}
_CACHED: dict[int | str, dict[str, Any]] = {**_ANSWERS, 304: {"description": "Not modified"}}


_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "domain",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": list(predictions.POLICIES), "default": "warn"},
        "description": "What to do with values that training never saw.",
    },
    *(
        {
            "name": option,
            "in": "query",
            "required": False,
            "schema": {"type": "boolean", "default": False},
            "description": words,
        }
        for option, words in (("contributions", CONTRIBUTIONS), ("gradient", GRADIENT))
    ),
    {
        "name": "interval",
        "in": "query",
        "required": False,
        "schema": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "example": 0.9,
        "description": INTERVAL,
    },
]
_PLACES: list[dict[str, Any]] = [
    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("name", "version")
]
_BODY_OPTIONS = frozenset(parameter["name"] for parameter in _PARAMETERS)
_NOTHING_ASKED = Asked("warn")


@router.post(
    "/predict",
    operation_id="predict",
    summary="Predict for rows",
    response_model=PredictionRead,
    responses={**_ANSWERS, **_PROBLEMS, **_BODY_PROBLEMS},
    openapi_extra={"requestBody": PREDICT_BODY, "parameters": [*_PLACES, *_PARAMETERS]},
)
async def predict(request: Request) -> Response:
    """Rows in signature order, named columns in any order, or a table; a bad value is refused with its path."""
    media_type = chosen_format(request, FORMATS)
    asked = _asked_of(request)
    check_asked(asked, media_type)
    upload = await read_upload(request)
    limits: TableLimits = upload.within(request.app.state.prediction_limits)
    name, version = request.path_params["name"], request.path_params["version"]

    def answer(found: Served) -> Response:
        table = read_rows(upload.data, upload.media_type, found.model.columns, limits)
        row, model = found
        predicted = predictions.predict(model, table, asked.policy, limits.max_rows)
        request.app.state.predicted.add(row.model_name, table.rows, predicted.outside_count)
        body = prediction_body(row, predicted, media_type, explanation(row, model, predicted, asked))
        headers = {"Vary": "Accept", "X-Model-Version": f"{row.model_name}/{row.version}"}
        return Response(body, media_type=media_type, headers=headers)

    return await answered(
        request, name, version, len(upload.data), answer, slow=asked.explains or upload.media_type in PACKED
    )


@router.get(
    "/predict",
    operation_id="predictOne",
    summary="Predict for one row given in the address",
    response_model=PredictionRead,
    responses={**_CACHED, **_PROBLEMS},
    openapi_extra={
        "parameters": [
            {
                "name": "columns",
                "in": "query",
                "required": False,
                "style": "form",
                "explode": True,
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {"cement": "540", "age": "28"},
                "description": "One parameter per input column; one named like an option is written `input.<name>`.",
            },
            *_PARAMETERS,
        ]
    },
)
def predict_one(
    name: str, version: str, request: Request, session: ReadingSessionDep, settings: SettingsDep, cache: ModelsDep
) -> Response:
    """The same answer as POST with this one row."""
    media_type = chosen_format(request, FORMATS)
    row = models.get_version(session, name, version)
    query = request.url.query
    headers = version_headers(row, version, f"/predict?{query}", etag_of(row.id, code_version(), media_type, query))
    model = cache.model_of(session, row)
    items = request.query_params.multi_items()
    table, chosen = read_parameters(items, model.columns, OPTIONS)
    asked = read_asked(chosen)
    check_asked(asked, media_type)
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    answer = predictions.predict(model, table, asked.policy, settings.max_prediction_rows)
    request.app.state.predicted.add(row.model_name, table.rows, answer.outside_count)
    explained = explanation(row, model, answer, asked)
    return Response(prediction_body(row, answer, media_type, explained), media_type=media_type, headers=headers)


@router.get(
    "/predictions",
    operation_id="getPredictions",
    summary="Read predictions of a stored data set beside its actual values",
    response_model=StoredPredictionRead,
    responses={**_CACHED, **_PROBLEMS, **problem_responses(errors.ModelNotFound, errors.DatasetNotFound)},
)
@few_at_once
def get_predictions(
    name: str,
    version: str,
    request: Request,
    session: ReadingSessionDep,
    settings: SettingsDep,
    cache: ModelsDep,
    dataset: Annotated[str, Query(description="Id of the data set.", examples=["ds_06f3…"], max_length=100)],
    split: Annotated[PartName, Query(description="Part of the data set the version was trained on.")] = "all",
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="Rows of the part to skip.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000, description="Rows at most.")] = 1_000,
) -> Response:
    """Row number, prediction, actual value and residual (actual - prediction)."""
    media_type = chosen_format(request, FORMATS)
    row = models.get_version(session, name, version)
    headers = version_headers(
        row,
        version,
        f"/predictions?{request.url.query}",
        etag_of(row.id, code_version(), media_type, dataset, split, offset, limit),
    )
    # A 304 too says that the data set is there.
    get_dataset(session, dataset)
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    page = predict_stored(
        session,
        row,
        cache.model_of(session, row),
        dataset_id=dataset,
        part=split,
        offset=offset,
        limit=min(limit, settings.max_prediction_rows),
    )
    body = stored_body(row, page, media_type, {"dataset": dataset, "split": split, "offset": offset})
    return Response(body, media_type=media_type, headers=headers)


def _asked_of(request: Request) -> Asked:
    """Reads the options here: this route is the one that must cost nothing, and declared parameters do."""
    if not request.scope["query_string"]:
        return _NOTHING_ASKED
    items = request.query_params.multi_items()
    chosen = dict(items)
    unknown = next((option for option in chosen if option not in _BODY_OPTIONS), None)
    if unknown is not None:
        message = "unknown; expected domain, contributions, gradient or interval"
        raise errors.InvalidParameter(unknown[:100], message, "unknown_parameter")
    if len(chosen) < len(items):
        doubled = next(option for option in chosen if len(request.query_params.getlist(option)) > 1)
        raise errors.InvalidParameter(doubled, "expected each parameter once", "duplicate")
    return read_asked(chosen)
