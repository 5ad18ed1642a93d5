"""A caller's trace is in the lines of the log, in the jobs that it makes, and in the spans of who watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.api import app as app_module
from service.log import configure_logging
from service.settings import Settings
from service.telemetry import Spans

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
TABLE = {"columns": {"x": [n / 10 for n in range(20)], "y": [n * n / 100 for n in range(20)]}}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    stream = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        configure_logging()
    yield stream
    structlog.reset_defaults()


def submit(api: Any, **options: Any) -> Any:
    dataset = api.post("/v1/datasets?name=a", json=TABLE).json()["id"]
    spec = {"kind": "train", "dataset": dataset, "targets": ["y"], "preset": "quick"}
    answer = api.post("/v1/jobs", json=spec, **options)
    assert answer.status_code == 202, answer.text
    return answer


def test_trace_of_the_caller_is_in_the_log_and_in_the_job(api: Any, log: StringIO) -> None:
    job = submit(api, headers=HEADERS).json()
    assert job["traceparent"] == HEADERS["traceparent"]
    assert api.get(f"/v1/jobs/{job['id']}").json()["traceparent"] == HEADERS["traceparent"]
    events = api.get(f"/v1/jobs/{job['id']}/events").json()["data"]
    assert events[0]["data"] == {"status": "queued", "traceparent": HEADERS["traceparent"]}
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    made, read = [line for line in lines if line["event"] == "request" and line.get("job_id") == job["id"]][:2]
    assert (made["method"], made["trace_id"]) == ("POST", TRACE)
    assert "trace_id" not in read


def test_without_a_trace_or_with_a_malformed_one_a_job_has_none(api: Any) -> None:
    assert submit(api).json()["traceparent"] is None
    assert submit(api, headers={"traceparent": f"00-{TRACE}-{SPAN}"}).json()["traceparent"] is None


def test_who_watches_sees_a_span_under_the_callers_and_the_job_under_that(
    sqlite_url: str, api_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(app_module, "spans_to", lambda _: Spans(provider))
    api = api_of(Settings(database_url=sqlite_url))
    job = submit(api, headers=HEADERS).json()
    span = exporter.get_finished_spans()[-1]
    assert span.context is not None
    assert span.parent is not None
    assert span.name == "POST /v1/jobs"
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert dict(span.attributes or {})["http.response.status_code"] == 202
    assert job["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
