"""Formulas over HTTP: a version as expressions in the user's units, in the notation asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from kan.formulas.formula import written_together
from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.few_at_once import few_at_once
from service.api.models import version_headers
from service.api.negotiation import JSON, chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.formulas import FormulasRead, formulas_read
from service.domain import errors, models
from service.domain.curves import column_units
from service.domain.reading import formula_errors
from service.domain.reading.formulas import VersionFormula, nearby_gaps, version_formulas
from service.domain.version_rows import measured_on
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["formulas"])

Notation = Literal["json", "text", "latex", "mathml", "python", "c"]
MEDIA: dict[str, str] = {
    "json": JSON,
    "text": "text/plain",
    "latex": "application/x-tex",
    "mathml": "application/mathml+xml",
    "python": "text/x-python",
    "c": "text/x-c",
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string"}} for media in list(MEDIA.values())[1:]}},
    304: {"description": "Not modified"},
    **problem_responses(
        errors.ModelNotFound,
        errors.VersionNotFound,
        formula_errors.NoFormula,
        formula_errors.FormulaUnreadable,
        errors.InvalidParameter,
        errors.NotAcceptable,
    ),
}


@router.get(
    "/formula",
    operation_id="getFormula",
    summary="Read a version as formulas",
    response_model=FormulasRead,
    responses=_ANSWERS,
)
@few_at_once
def get_formula(
    name: str,
    version: str,
    request: Request,
    session: ReadingSessionDep,
    cache: ModelsDep,
    format_: Annotated[Notation | None, Query(alias="format", description="Default: what Accept asks for.")] = None,
    digits: Annotated[
        int, Query(ge=1, le=17, description="Fewest significant digits; more where values would change too much.")
    ] = 4,
    output: Annotated[
        str | None, Query(max_length=1_000, description="Only this one; MathML is of one output.")
    ] = None,
) -> Response:
    """In the units of the data, with R2 against the network and the test rows.

    Text and LaTeX have a line for each output; Python and C one function, of several outputs of all of them.
    """
    offered = {notation: MEDIA[notation] for notation in ([format_] if format_ else MEDIA)}
    media_type = chosen_format(request, list(offered.values()))
    notation = next(key for key, value in offered.items() if value == media_type)
    row = models.get_version(session, name, version)
    etag = etag_of("formula", row.id, code_version(), *measured_on(session, row), notation, digits, output)
    rest = "/formula" + (f"?{request.url.query}" if request.url.query else "")
    headers = version_headers(row, version, rest, etag)
    if is_known(request, etag):
        return not_modified(headers)
    model = cache.model_of(session, row)
    found = _chosen(version_formulas(session, row, model, digits), output, notation)
    if notation == "json":
        warnings = nearby_gaps(model)
        body = formulas_read(row, found, column_units(row.signature), warnings).model_dump_json()
    else:
        body = written_together([item.printed for item in found], notation)
    return Response(body, media_type=media_type, headers=headers)


def _chosen(found: list[VersionFormula], output: str | None, notation: str) -> list[VersionFormula]:
    if output is not None:
        found = [item for item in found if item.printed.output == output]
        if not found:
            raise errors.InvalidParameter("output", "expected the name of one of the outputs")
    if len(found) > 1 and notation == "mathml":
        # Several in one answer would be no document.
        raise errors.InvalidParameter("output", f"the model has {len(found)} outputs, MathML is of one of them")
    return found
