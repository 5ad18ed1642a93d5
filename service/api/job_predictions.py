"""The predictions of a job over HTTP: page by page in every format, as far as they are made."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import polars as pl
from fastapi import APIRouter, Query, Request, Response

from service.api.dependencies import ReadingSessionDep
from service.api.few_at_once import few_at_once
from service.api.negotiation import CHANGING, JSON, chosen_format, etag_of, is_known, not_modified
from service.api.problems import problem_responses
from service.api.schemas.predictions import JobPredictionsRead
from service.api.table_formats import FILE_FORMATS, FORMATS, table_bytes
from service.domain import errors, file_errors
from service.domain.predict_jobs.answers import ERROR, OUTSIDE, ROW, titled
from service.domain.predict_jobs.reading import MOST_VALUES, JobPredictions, job_predictions, predict_job

router = APIRouter(tags=["predictions"])
_LIMIT = f"Rows at most. Rows times columns are at most {MOST_VALUES:,}; beyond it is a 413 that says which limit fits."


@router.get(
    "/v1/jobs/{job_id}/predictions",
    operation_id="getJobPredictions",
    summary="Read what a predict job has predicted so far",
    response_model=JobPredictionsRead,
    responses={
        200: {"content": {media: {} for media in FILE_FORMATS}},
        304: {"description": "Not modified"},
        **problem_responses(
            errors.JobNotFound,
            file_errors.NoPredictions,
            errors.InvalidParameter,
            errors.NotAcceptable,
            errors.BodyTooLarge,
        ),
    },
)
@few_at_once
def get_job_predictions(
    job_id: str,
    request: Request,
    session: ReadingSessionDep,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="Rows to skip.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000, description=_LIMIT)] = 1_000,
) -> Response:
    """A line for each row of the data set, in its order; a bad row has an error in place of its prediction.

    While the job runs there are the rows that are kept already: `done` of `total`.
    """
    media_type = chosen_format(request, FORMATS)
    view, done, _ = predict_job(session, job_id)
    etag = etag_of(view.row.id, media_type, view.row.status, done, offset, limit)
    headers = {"ETag": etag, "Cache-Control": CHANGING, "Vary": "Accept, Authorization"}
    if is_known(request, etag):
        return not_modified(headers)
    page = job_predictions(session, job_id, offset, limit)
    content = _json(page, offset) if media_type == JSON else table_bytes(page.frame, media_type)
    return Response(content, media_type=media_type, headers=headers)


def _json(page: JobPredictions, offset: int) -> bytes:
    row, frame = page.job.row, page.frame
    resolved = row.resolved or {}
    outputs: list[str] = resolved["outputs"]
    shares = [name for name in frame.columns if name.startswith("probability(")]
    body: dict[str, Any] = {
        "job": row.id,
        "status": row.status,
        "model": resolved["init"]["model"],
        "version": resolved["init"]["version"],
        "dataset": row.dataset_id,
        "offset": offset,
        "total": resolved["rows"],
        "done": page.done,
        "bad_rows": page.bad_rows,
        "outputs": outputs,
        "rows": _column(frame, ROW),
        "predictions": _rows(frame, [titled("prediction", name, outputs) for name in outputs]),
        "actual": _known(frame, "actual", outputs),
        "residual": _known(frame, "residual", outputs),
        "outside": _column(frame, OUTSIDE),
        "errors": _column(frame, ERROR),
    }
    if shares:
        classes = [name.removeprefix("probability(").removesuffix(")") for name in shares]
        body |= {"classes": classes, "probabilities": _rows(frame, shares)}
    return orjson.dumps(body)


def _column(frame: pl.DataFrame, name: str) -> list[Any]:
    return frame[name].to_list() if name in frame.columns else []


def _known(frame: pl.DataFrame, word: str, outputs: list[str]) -> list[list[Any]] | None:
    """Gives what is known beside the predictions, None where the data set has not all of it."""
    names = [titled(word, name, outputs) for name in outputs]
    return [list(row) for row in frame.select(names).rows()] if set(names) <= set(frame.columns) else None


def _rows(frame: pl.DataFrame, names: list[str]) -> list[list[Any] | None]:
    """Gives the values of each row, None of one that has an error."""
    if not frame.width:
        return []
    bad = frame[ERROR].is_not_null()
    return [None if is_bad else list(row) for row, is_bad in zip(frame.select(names).rows(), bad, strict=True)]
