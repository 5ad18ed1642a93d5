"""A request as part of a trace: its log lines name it, the jobs it makes carry it on, and who watches gets a span."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from service.telemetry import Span, Spans
from service.tracing import trace_id_of, within_trace


@contextmanager
def traced_request(spans: Spans | None, traceparent: str | None, name: str) -> Iterator[Span | None]:
    """A context in which a request is served; gives its span, None where nobody watches.

    Args:
        spans: where spans go.
        traceparent: of the caller, None where it has none.
        name: of the span, until its route is known.
    """
    if spans is None:
        with _named(traceparent):
            yield None
        return
    with spans.span(name, "server", traceparent) as span, _named(span.traceparent):
        yield span


@contextmanager
def _named(traceparent: str | None) -> Iterator[None]:
    facts = {} if traceparent is None else {"trace_id": trace_id_of(traceparent)}
    with within_trace(traceparent), structlog.contextvars.bound_contextvars(**facts):
        yield
