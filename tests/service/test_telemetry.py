"""Spans hang under the trace they came with, and none are made where nobody watches."""

from __future__ import annotations

import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.telemetry import OtelMissing, Spans, spans_to
from service.tracing import read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(provider)


def test_span_is_a_child_of_the_callers_and_hands_itself_on(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with spans.span("GET", "server", f"00-{TRACE}-{SPAN}-01") as span:
        handed_on = span.traceparent
        span.name("GET /v1/models")
        span.note({"http.response.status_code": 200})
    (found,) = exporter.get_finished_spans()
    assert found.parent is not None
    assert found.context is not None
    assert (f"{found.context.trace_id:032x}", f"{found.parent.span_id:016x}") == (TRACE, SPAN)
    assert handed_on == f"00-{TRACE}-{found.context.span_id:016x}-01"
    assert (found.name, dict(found.attributes or {})) == ("GET /v1/models", {"http.response.status_code": 200})


def test_span_without_a_caller_begins_a_trace(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with spans.span("a", "server", None) as first, spans.span("b", "consumer", None) as second:
        assert read_traceparent(first.traceparent) == first.traceparent
        assert first.traceparent[:36] != second.traceparent[:36]
    assert [span.parent for span in exporter.get_finished_spans()] == [None, None]


def test_nothing_is_made_without_an_endpoint() -> None:
    assert spans_to("") is None


def test_missing_packages_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(OtelMissing, match="otel"):
        spans_to("http://localhost:4318")
