"""Exports over HTTP: a version as a file for use elsewhere, and the certificate of that file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from service.api.dependencies import ModelsDep, ReadingSessionDep
from service.api.models import version_headers
from service.api.negotiation import JSON, chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.exports import ExportCertificate
from service.domain import errors, file_errors, models
from service.domain.exports.certified import Export, Format, export
from service.domain.model_cache import ModelCache
from service.version import code_version

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["models"])

# At once, in one process.
MOST_EXPORTS = 2
CERTIFICATE = "X-Export-Certificate"
# Media type and file ending.
FILES: dict[Format, tuple[str, str]] = {
    "safetensors": ("application/octet-stream", "safetensors"),
    "onnx": ("application/octet-stream", "onnx"),
    "python": ("text/x-python", "py"),
    "c": ("text/x-c", "c"),
    "json": (JSON, "json"),
    "sql": ("application/sql", "sql"),
}
_EXAMPLES = {
    "text/x-python": "def predict_row(row): ...",
    "text/x-c": "int kan_predict(const double *columns, double *answers) { ... }",
    "application/sql": 'WITH kan_0 AS MATERIALIZED (...) SELECT "age", ... AS "strength" FROM kan_2;',
}
_TEXTS = {media: {"schema": {"type": "string"}, "example": example} for media, example in _EXAMPLES.items()}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_DOCUMENT = {"schema": {"type": "object"}, "example": {"format": "kan-pieces", "version": 1, "task": "regression"}}
_PROBLEMS = problem_responses(
    errors.ModelNotFound,
    errors.VersionNotFound,
    file_errors.ExportUnavailable,
    errors.InvalidParameter,
    errors.NotAcceptable,
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {"application/octet-stream": _BINARY, JSON: _DOCUMENT, **_TEXTS},
    },
    304: {"description": "Not modified"},
    **_PROBLEMS,
}
FormatQuery = Annotated[Format, Query(alias="format", description="Of the file.", examples=["python"])]


@router.get(
    "/export",
    operation_id="exportModelVersion",
    summary="Take a version for use elsewhere",
    response_class=Response,
    responses=_ANSWERS,
)
async def get_export(
    name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep, format_: FormatQuery
) -> Response:
    """The whole model: encoding, splines, formulas, products, extrapolation, units of the data, probabilities."""
    media, _ = FILES[format_]
    chosen_format(request, (media,))
    return await _one_of_few(request, lambda: _file(name, version, request, session, cache, format_))


def _file(name: str, version: str, request: Request, session: Session, cache: ModelCache, format_: Format) -> Response:
    media, ending = FILES[format_]
    row = models.get_version(session, name, version)
    headers = version_headers(
        row, version, f"/export?format={format_}", etag_of("export", row.id, format_, code_version())
    )
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    found = export(session, row, cache.model_of(session, row), format_)
    headers |= {
        "Content-Disposition": f'attachment; filename="{row.model_name}-{row.version}.{ending}"',
        CERTIFICATE: _certificate(found).decode(),
    }
    return Response(found.content, media_type=media, headers=headers)


@router.get(
    "/export/certificate",
    operation_id="getExportCertificate",
    summary="Read how far an export is from /predict",
    response_model=ExportCertificate,
    responses={304: {"description": "Not modified"}, **_PROBLEMS},
)
async def get_certificate(
    name: str, version: str, request: Request, session: ReadingSessionDep, cache: ModelsDep, format_: FormatQuery
) -> Response:
    """Measured by running the file, where that is possible, on rows inside and outside the training range."""
    chosen_format(request, (JSON,))
    return await _one_of_few(request, lambda: _read_certificate(name, version, request, session, cache, format_))


def _read_certificate(
    name: str, version: str, request: Request, session: Session, cache: ModelCache, format_: Format
) -> Response:
    row = models.get_version(session, name, version)
    etag = etag_of("certificate", row.id, format_, code_version())
    headers = version_headers(row, version, f"/export/certificate?format={format_}", etag)
    if is_known(request, etag):
        return not_modified(headers)
    found = export(session, row, cache.model_of(session, row), format_)
    return Response(_certificate(found), media_type=JSON, headers=headers)


async def _one_of_few(request: Request, answer: Callable[[], Response]) -> Response:
    """Exports take seconds of a core and hundreds of megabytes at worst: the others wait, and hold no thread."""
    return await to_thread.run_sync(answer, limiter=request.app.state.exports)


def _certificate(found: Export) -> bytes:
    return orjson.dumps(found.certificate)
