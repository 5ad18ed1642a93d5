"""Each line of a job's attempt names the job and its trace, from its threads too."""

from __future__ import annotations

import threading
from contextvars import copy_context

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from structlog.contextvars import get_contextvars

from service.store.tables import JobRow
from service.telemetry import Spans
from service.worker.job_trace import traced_job

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def job(traceparent: str | None) -> JobRow:
    return JobRow(id="job_a", kind="train", attempt=2, traceparent=traceparent)


def test_lines_within_name_job_and_trace_and_no_others_do() -> None:
    found: list[dict[str, object]] = []
    with traced_job(None, job(f"00-{TRACE}-{SPAN}-01"), "wk_a") as end:
        thread = threading.Thread(target=copy_context().run, args=(lambda: found.append(get_contextvars()),))
        thread.start()
        thread.join()
        end("succeeded")
    assert found == [{"job_id": "job_a", "trace_id": TRACE}]
    assert "job_id" not in get_contextvars()


def test_job_without_a_trace_is_named_alone() -> None:
    with traced_job(None, job(None), "wk_a"):
        assert get_contextvars() == {"job_id": "job_a"}


def test_attempt_is_a_span_under_the_request_that_made_the_job() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced_job(Spans(provider), job(f"00-{TRACE}-{SPAN}-01"), "wk_a") as end:
        end("failed")
    (span,) = exporter.get_finished_spans()
    assert span.parent is not None
    assert (span.name, f"{span.parent.span_id:016x}") == ("job train", SPAN)
    facts = {"kan.job_id": "job_a", "kan.attempt": 2, "kan.worker_id": "wk_a", "kan.status": "failed"}
    assert dict(span.attributes or {}) == facts
    assert span.status.status_code is StatusCode.ERROR
