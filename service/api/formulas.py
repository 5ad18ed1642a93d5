"""Formulas over HTTP: as JSON with all that is known of them, or as text, LaTeX, MathML, Python or C."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.models import version_headers
from service.api.negotiation import JSON, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.formulas import FormulaRead
from service.domain import errors, formulas, models
from service.domain.curves import column_units
from service.domain.formulas import Notation, ToldFormula
from service.store.tables import VersionRow
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["curves"])

TEXT = "text/plain"
_NOTATIONS: tuple[Notation, ...] = ("text", "latex", "mathml", "python", "c")


@router.get(
    "/formula",
    operation_id="getFormula",
    summary="Read the network as one expression for each output",
    response_model=FormulaRead,
    responses={
        200: {"content": {TEXT: {"schema": {"type": "string"}, "example": "1.2*sin(3.1*age) + 35.8"}}},
        304: {"description": "Not modified"},
        **problem_responses(
            errors.ModelNotFound,
            errors.VersionNotFound,
            errors.NoFormula,
            errors.FormulaUnreadable,
            errors.TrainingDataGone,
            errors.InvalidParameter,
        ),
    },
)
def get_formula(
    name: str,
    version: str,
    request: Request,
    session: ReadingSessionDep,
    cache: ModelsDep,
    format_: Annotated[
        Literal["json", "text", "latex", "mathml", "python", "c"],
        Query(alias="format", description="json has them all; the others are plain text, an output after the other."),
    ] = "json",
    digits: Annotated[
        int | None,
        Query(ge=1, le=17, description="Fewest significant digits; more where fewer would change it. Absent: all."),
    ] = None,
) -> Response:
    """In the original units of the data; exactly the function that predicts, but for the digits asked for."""
    row = models.get_version(session, name, version)
    query = request.url.query
    etag = etag_of("formula", row.id, code_version(), format_, digits)
    headers = version_headers(row, version, f"/formula?{query}" if query else "/formula", etag)
    if is_known(request, etag):
        return not_modified(headers)
    told = formulas.told_formulas(session, row, cache.model_of(session, row), digits)
    if format_ == "json":
        return Response(orjson.dumps(_body(row, told)), media_type=JSON, headers=headers)
    text = "\n\n".join(formulas.written(one, format_) for one in told)
    return Response(text + "\n", media_type=TEXT, headers=headers)


def _body(row: VersionRow, told: list[ToldFormula]) -> dict[str, Any]:
    units = column_units(row.signature)
    return {
        "model": row.model_name,
        "version": row.version,
        "variables": [formulas.variable_facts(variable, units) for variable in told[0].formula.variables],
        "formulas": [_formula(one, units) for one in told],
    }


def _formula(told: ToldFormula, units: dict[str, str | None]) -> dict[str, Any]:
    formula, rounding = told.formula, told.rounding
    return {
        "output": formula.output,
        "units": units.get(formula.output),
        "kind": formula.kind,
        "note": formula.note,
        **{notation: formulas.written(told, notation) for notation in _NOTATIONS},
        "complexity": formula.complexity,
        "digits": None if rounding is None else rounding.digits,
        "max_difference": 0.0 if rounding is None else rounding.max_difference,
        "rms_difference": 0.0 if rounding is None else rounding.rms_difference,
        "r2_network": told.r2_network,
        "r2_test": told.r2_test,
    }
