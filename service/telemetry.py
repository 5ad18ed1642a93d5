"""Spans of requests and jobs for OpenTelemetry; only where an OTLP endpoint is set, and the extra `otel` installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as AnySpan

NAME = "kan-service"
Facts = Mapping[str, str | int | float | bool]


class OtelMissing(Exception):
    """An endpoint is set and the packages are not installed."""


class Span:
    """What happens between two moments, as one who watches sees it."""

    def __init__(self, span: AnySpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """What to hand to whoever goes on with it."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    def name(self, name: str) -> None:
        """Names it, when that is known."""
        self._span.update_name(name)

    def note(self, facts: Facts) -> None:
        """Adds facts."""
        self._span.set_attributes(dict(facts))

    def fail(self, reason: str) -> None:
        """Says that it went wrong."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - the extra `otel`

        self._span.set_status(StatusCode.ERROR, reason)


class Spans:
    """Makes spans and sends them on in the background."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(NAME)

    @contextmanager
    def span(self, name: str, kind: Literal["server", "consumer"], traceparent: str | None) -> Iterator[Span]:
        """A context that is a span, under the one that `traceparent` names."""
        from opentelemetry.context import Context  # noqa: PLC0415 - the extra `otel`
        from opentelemetry.trace import SpanKind  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        parent = Context()
        if traceparent is not None:
            parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent}, parent)
        kinds = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER}
        with self._tracer.start_as_current_span(name, parent, kinds[kind]) as span:
            yield Span(span)

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()


def spans_to(endpoint: str) -> Spans | None:
    """Gives spans that go to an OTLP endpoint over HTTP; None where there is none.

    Args:
        endpoint: of the collector, such as http://localhost:4318.

    Raises:
        OtelMissing: the packages are not installed.
    """
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise OtelMissing("KAN_OTLP_ENDPOINT is set; pip install 'kan-service[otel]', or unset it") from None
    provider = TracerProvider(resource=Resource.create({"service.name": NAME}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Spans(provider)
