"""Data sets over HTTP: upload in any format, list, read whole or in part, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ReadingSessionDep, SessionDep, SettingsDep
from service.api.few_at_once import few_at_once
from service.api.idempotency import IdempotencyKey, creation_response, request_key
from service.api.negotiation import IMMUTABLE, NOT_MODIFIED, chosen_format, etag_of, is_known, not_modified, revalidated
from service.api.problems import problem_responses
from service.api.schemas.datasets import DatasetPage, DatasetRead, DatasetRows, dataset_read
from service.api.table_formats import FILE_FORMATS, FORMATS, table_bytes
from service.api.uploads import FORM, Upload, UploadDep
from service.domain import datasets
from service.domain.errors import (
    BodyTooLarge,
    DatasetInUse,
    DatasetNotFound,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    InvalidParameter,
    InvalidTable,
    MalformedBody,
    NotAcceptable,
    UnsupportedMediaType,
)
from service.domain.idempotency import Answer
from service.domain.ids import is_id
from service.domain.names import name_fault, normal_name
from service.domain.tables.parsed import ParsedTable, TableLimits
from service.domain.tables.upload import ARROW, CSV, JSON, NDJSON, NPY, PARQUET, parse_table, read_units
from service.store.tables import DatasetRow

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

_JSON_ROWS = 1_000
_MOST_ROWS = 2**31 - 1
_UNITS = '{"cement": "kg/m3", "age": "day"}'
_BINARY = {"type": "string", "format": "binary"}
_GENERATOR = {
    "expression": "exp(sin(pi*x1)+x2**2)",
    "ranges": {"x1": [-1, 1], "x2": [-1, 1]},
    "rows": 1000,
    "noise": 0.0,
    "seed": 0,
    "target": "y",
}
_BODY = {
    "required": True,
    "content": {
        CSV: {"schema": {"type": "string"}, "example": "cement,age,strength\n540.0,28,79.99\n332.5,270,40.27\n"},
        JSON: {
            "schema": {"type": "object"},
            "examples": {
                "columns": {"value": {"name": "a", "columns": {"x": [1, 2], "y": [3, 4]}, "units": {"x": "mm"}}},
                "rows": {"value": {"name": "a", "rows": [{"x": 1, "y": 3}, {"x": 2, "y": 4}]}},
                "generator": {"value": {"name": "toy", "generator": _GENERATOR}},
            },
        },
        NDJSON: {"schema": {"type": "string"}, "example": '{"x": 1, "y": 3}\n{"x": 2, "y": 4}\n'},
        PARQUET: {"schema": _BINARY},
        ARROW: {"schema": _BINARY},
        NPY: {"schema": _BINARY},
        FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": _BINARY, "name": {"type": "string"}, "units": {"type": "string"}},
            }
        },
    },
}


@router.post(
    "",
    operation_id="createDataset",
    summary="Upload or generate a table",
    status_code=201,
    response_model=DatasetRead,
    responses=problem_responses(
        MalformedBody,
        BodyTooLarge,
        UnsupportedMediaType,
        InvalidTable,
        InvalidParameter,
        IdempotencyKeyReused,
        IdempotencyKeyInFlight,
    ),
    openapi_extra={"requestBody": _BODY},
)
def create_dataset(
    upload: UploadDep,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    name: Annotated[str | None, Query(description="Shown name; before the one in the body.")] = None,
    units: Annotated[
        str | None,
        Query(max_length=10_000, description="Column -> unit, as JSON; before those in the body.", examples=[_UNITS]),
    ] = None,
    _: IdempotencyKey = None,
) -> Response:
    """CSV, JSON, NDJSON, Parquet, Arrow stream, npy, or a form with a file; refused whole where any cell is bad."""
    table = parse_table(upload.data, upload.media_type, upload.within(TableLimits.from_settings(settings)))
    told = units or upload.units
    table = table if told is None else replace(table, units=read_units(told, table.frame.columns))
    shown = _shown_name(name, upload, table)
    answer = datasets.submit_dataset(
        session,
        table,
        shown,
        max_levels=settings.max_category_levels,
        answer_of=_created,
        request=request_key(
            request, settings, upload.data, upload.media_type.encode(), shown.encode(), *_as_part(told)
        ),
    )
    return creation_response(answer)


@router.get(
    "",
    operation_id="listDatasets",
    summary="List data sets, newest first",
    response_model=DatasetPage,
    responses={**NOT_MODIFIED, **problem_responses(InvalidParameter)},
)
def list_datasets(
    request: Request,
    session: ReadingSessionDep,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries of one page.")] = 50,
    after: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before.")] = None,
) -> Response:
    """All data sets with their columns; levels and histograms are read with each one."""
    if after is not None and not is_id(datasets.PREFIX, after):
        raise InvalidParameter("after", "expected the next_cursor of a page of this list")
    found, cursor = datasets.list_datasets(session, limit, after)
    page = DatasetPage(data=[dataset_read(row) for row in found], next_cursor=cursor)
    return revalidated(request, page.model_dump_json())


@router.get(
    "/{dataset_id}",
    operation_id="getDataset",
    summary="Read a data set's columns and statistics",
    response_model=DatasetRead,
    responses={**NOT_MODIFIED, **problem_responses(DatasetNotFound)},
)
def get_dataset(dataset_id: str, request: Request, session: ReadingSessionDep) -> Response:
    """Everything but the rows."""
    return revalidated(request, dataset_read(datasets.get_dataset(session, dataset_id)).model_dump_json())


@router.get(
    "/{dataset_id}/rows",
    operation_id="getDatasetRows",
    summary="Read rows in any format",
    response_model=DatasetRows,
    responses={
        200: {"content": {media: {} for media in FILE_FORMATS}},
        304: {"description": "Not modified"},
        **problem_responses(DatasetNotFound, NotAcceptable, BodyTooLarge),
    },
)
@few_at_once
def get_dataset_rows(
    dataset_id: str,
    request: Request,
    session: ReadingSessionDep,
    offset: Annotated[int, Query(ge=0, le=_MOST_ROWS, description="Rows to skip.")] = 0,
    limit: Annotated[
        int | None,
        Query(ge=0, le=_MOST_ROWS, description="Rows at most; without it 1,000 as JSON, all in the other formats."),
    ] = None,
) -> Response:
    """In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front."""
    media_type = chosen_format(request, FORMATS)
    row = datasets.get_dataset(session, dataset_id)
    headers = {
        "ETag": etag_of(row.id, row.blob_sha256, media_type, offset, limit),
        "Cache-Control": IMMUTABLE,
        "Vary": "Accept, Authorization",
    }
    if is_known(request, headers["ETag"]):
        return not_modified(headers)
    most = limit if limit is not None else (_JSON_ROWS if media_type == JSON else None)
    part = datasets.load_table(session, dataset_id).slice(offset, most)
    content = orjson.dumps(_json_rows(row, part, offset)) if media_type == JSON else table_bytes(part, media_type)
    return Response(content, media_type=media_type, headers=headers)


@router.delete(
    "/{dataset_id}",
    operation_id="deleteDataset",
    summary="Delete a data set",
    status_code=204,
    responses=problem_responses(DatasetNotFound, DatasetInUse),
)
def delete_dataset(
    dataset_id: str,
    session: SessionDep,
    force: Annotated[bool, Query(description="Take it from models too (never from jobs that still run).")] = False,
) -> None:
    """Refused while a job that has not ended, or a model, refers to it."""
    datasets.delete_dataset(session, dataset_id, force)


def _as_part(told: str | None) -> list[bytes]:
    """Gives units as a part of what an Idempotency-Key stands for; none at all where none were told."""
    return [] if told is None else [told.encode("utf-8", "surrogatepass")]


def _created(row: DatasetRow) -> Answer:
    return Answer(201, f"/v1/datasets/{row.id}", dataset_read(row).model_dump(mode="json"))


def _shown_name(asked: str | None, upload: Upload, table: ParsedTable) -> str:
    """Gives the name from the query, the body or the form, else the file's, else "untitled"."""
    for name, pointer in ((asked, "?name"), (table.name, "/name"), (upload.name, "/name")):
        if name is not None:
            return datasets.checked_name(name, pointer)
    from_file = normal_name(upload.file_name or "")
    return "untitled" if name_fault(from_file) else from_file


def _json_rows(row: DatasetRow, part: Any, offset: int) -> dict[str, Any]:
    return {"id": row.id, "columns": part.columns, "rows": part.rows(), "offset": offset, "total": row.rows}
