"""A job while it runs: each line of the log names it and its trace, and who watches gets a span of the attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from service.store.tables import JobRow
from service.telemetry import Span, Spans
from service.tracing import trace_id_of, within_trace


@contextmanager
def traced_job(spans: Spans | None, row: JobRow, worker_id: str) -> Iterator[Callable[[str], None]]:
    """A context in which one attempt runs; gives what to call with the job's state after it."""
    if spans is None:
        with _named(row, row.traceparent):
            yield lambda _: None
        return
    with spans.span(f"job {row.kind}", "consumer", row.traceparent) as span, _named(row, span.traceparent):
        span.note({"kan.job_id": row.id, "kan.attempt": row.attempt, "kan.worker_id": worker_id})
        yield lambda status: _end(span, status)


@contextmanager
def _named(row: JobRow, traceparent: str | None) -> Iterator[None]:
    facts = {} if traceparent is None else {"trace_id": trace_id_of(traceparent)}
    with within_trace(traceparent), structlog.contextvars.bound_contextvars(job_id=row.id, **facts):
        yield


def _end(span: Span, status: str) -> None:
    span.note({"kan.status": status})
    if status == "failed":
        span.fail("the job failed; its error says why")
