"""Formulas of growing size over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.few_at_once import few_at_once
from service.api.models import version_headers
from service.api.negotiation import JSON, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.fronts import FrontsRead, fronts_read
from service.domain import errors, models
from service.domain.curves import column_units
from service.domain.reading import formula_errors
from service.domain.reading.fronts import version_fronts
from service.domain.version_rows import measured_on
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["formulas"])


@router.get(
    "/pareto",
    operation_id="getPareto",
    summary="Read formulas of growing size",
    response_model=FrontsRead,
    responses={
        304: {"description": "Not modified"},
        **problem_responses(
            errors.ModelNotFound, errors.VersionNotFound, formula_errors.NoFormula, formula_errors.FormulaUnreadable
        ),
    },
)
@few_at_once
def get_pareto(name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep) -> Response:
    """From a constant to the version's own formula: what each further part gains on rows that were held out."""
    row = models.get_version(session, name, version)
    etag = etag_of("pareto", row.id, code_version(), *measured_on(session, row))
    headers = version_headers(row, version, "/pareto", etag)
    if is_known(request, etag):
        return not_modified(headers)
    found = version_fronts(session, row, cache.model_of(session, row))
    body = fronts_read(row, found, column_units(row.signature)).model_dump_json()
    return Response(body, media_type=JSON, headers=headers)
