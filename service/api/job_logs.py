"""A job's log over HTTP: as a list, as a stream that goes on until the job's end, and its metrics as a table."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.dependencies import ReadingSessionDep
from service.api.job_events import EVENT_STREAM, EventStream, read_job
from service.api.negotiation import (
    CHANGING,
    CSV,
    JSON,
    NOT_MODIFIED,
    chosen_format,
    etag_of,
    is_known,
    not_modified,
    revalidated,
)
from service.api.problems import problem_responses
from service.api.schemas.job_events import EVENTS_EXAMPLE, EventPage, MetricTable, event_read, metric_table
from service.api.table_formats import table_bytes
from service.domain import jobs, metric_series
from service.domain.errors import JobNotFound, NotAcceptable, TooManyStreams

router = APIRouter(tags=["jobs"])

_LAST_NUMBER = 2**53


@router.get(
    "/v1/jobs/{job_id}/events",
    operation_id="listJobEvents",
    summary="Read or follow a job's log",
    response_model=EventPage,
    responses={
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}, "example": EVENTS_EXAMPLE}}},
        204: {"description": "Asked for a stream: the job has ended and all its events were seen"},
        **NOT_MODIFIED,
        **problem_responses(JobNotFound, NotAcceptable, TooManyStreams),
    },
)
async def list_job_events(
    job_id: str,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries of one page (JSON).")] = 200,
    after: Annotated[int, Query(ge=0, le=_LAST_NUMBER, description="Only events with higher numbers.")] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20, description="As browsers send it.")] = None,
) -> Response:
    """`Accept: text/event-stream` follows the log until the job's end; JSON gives a page of it.

    `id:` is the event's number; `Last-Event-ID` or `after` goes on behind it, without gap or double. Metrics that were
    thinned out leave numbers unused.
    """
    media_type = chosen_format(request, [JSON, EVENT_STREAM])
    first = after
    if last_event_id and last_event_id.isascii() and last_event_id.isdecimal():
        first = min(int(last_event_id), _LAST_NUMBER)
    if media_type == EVENT_STREAM:
        view = await run_in_threadpool(read_job, request.app, job_id)
        if view.is_terminal and first >= view.row.event_seq:
            # What tells a browser not to ask again.
            return Response(status_code=204, headers={"Cache-Control": "no-store", "Vary": "Accept"})
        request.app.state.streams.enter()
        return EventStream(request.app, job_id, min(first, view.row.event_seq))
    page = await run_in_threadpool(_event_page, request, job_id, first, limit)
    return revalidated(request, page.model_dump_json(), vary="Accept")


@router.get(
    "/v1/jobs/{job_id}/metrics",
    operation_id="listJobMetrics",
    summary="Read a job's metrics as a table",
    response_model=MetricTable,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **NOT_MODIFIED,
        **problem_responses(JobNotFound, NotAcceptable),
    },
)
def list_job_metrics(
    job_id: str,
    request: Request,
    session: ReadingSessionDep,
    max_points: Annotated[int, Query(ge=2, le=100_000, description="Longest series; both ends are kept.")] = 600,
) -> Response:
    """Losses by step, thinned evenly to `max_points`; JSON has a list for each column, CSV a line for each point."""
    media_type = chosen_format(request, [JSON, CSV])
    table = metric_table(job_id, metric_series.list_metrics(session, job_id, max_points))
    content = _csv(table) if media_type == CSV else table.model_dump_json().encode()
    headers = {"ETag": etag_of(content.hex()), "Cache-Control": CHANGING, "Vary": "Accept"}
    return not_modified(headers) if is_known(request, headers["ETag"]) else Response(content, 200, headers, media_type)


def _event_page(request: Request, job_id: str, after: int, limit: int) -> EventPage:
    with request.app.state.reading_sessions() as session:
        rows = jobs.list_events(session, job_id, after, limit + 1)
    cursor = str(rows[limit - 1].seq) if len(rows) > limit else None
    return EventPage(data=[event_read(row) for row in rows[:limit]], next_cursor=cursor)


def _csv(table: MetricTable) -> bytes:
    return table_bytes(pl.DataFrame(table.model_dump(mode="json")["series"], strict=False), CSV)
