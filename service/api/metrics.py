"""Metrics for Prometheus: everything is counted as it happens, and written down only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from service.api.validation import STORE_TROUBLE
from service.domain.access.tallies import Histogram, PredictionTallies, RequestTallies
from service.domain.job_counts import JobCounts, Snapshot
from service.domain.model_cache import ModelCache
from service.version import code_version

router = APIRouter(tags=["service"])

# Each label's value in turn; of no labels, the empty tuple.
Labelled = Mapping[Any, float]


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Read metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "kan_queue_oldest_seconds 0.0\n"}}}},
)
def get_metrics(request: Request) -> Response:
    """Of this process, and of the jobs in the database; docs/operations.md lists them. OpenMetrics by Accept."""
    registry: CollectorRegistry = request.app.state.registry
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Cache-Control": "no-store", "Content-Type": media_type})


def registry_of(app: FastAPI) -> CollectorRegistry:
    """Gives a registry of an app's own, so that two apps in one process do not meet."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServiceMetrics(app))
    ProcessCollector(registry=registry)
    return registry


class ServiceMetrics(Collector):
    """Everything that an app counts, as metric families."""

    def __init__(self, app: FastAPI) -> None:
        self._state: Any = app.state

    def collect(self) -> Iterable[Metric]:
        """Gives all families; while the database is away those of jobs are left out."""
        yield _gauge("kan_build_info", "The version that runs; always 1.", {(code_version(),): 1}, ["version"])
        yield from _request_metrics(self._state.requests)
        yield _gauge("kan_http_requests_open", "Requests being served.", {(): self._state.everybody.open_requests})
        yield _gauge("kan_event_streams_open", "Event streams being served.", {(): self._state.streams.open})
        yield from _prediction_metrics(self._state.predicted)
        yield from _cache_metrics(self._state.models)
        yield from self._job_metrics(self._state.job_counts)

    def _job_metrics(self, counts: JobCounts) -> Iterator[Metric]:
        try:
            found = counts.snapshot()
        except STORE_TROUBLE:
            yield _gauge("kan_database_up", "Does the database answer?", {(): 0})
            return
        yield _gauge("kan_database_up", "Does the database answer?", {(): 1})
        yield from _snapshot_metrics(found)


# Each count is copied at one go: others go on counting while it is written down.
def _request_metrics(tallies: RequestTallies) -> Iterator[Metric]:
    counts = {
        (method, address, str(status)): count for (method, address, status), count in dict(tallies.counts).items()
    }
    yield _counter("kan_http_requests", "Requests answered.", counts, ["method", "route", "status"])
    seconds = {(address,): found for address, found in dict(tallies.seconds).items()}
    yield _histogram("kan_http_request_seconds", "Time from first to last byte.", seconds, ["route"])


def _prediction_metrics(tallies: PredictionTallies) -> Iterator[Metric]:
    yield _histogram("kan_prediction_rows", "Rows of one prediction.", {(): tallies.batches})
    rows = {(model,): count for model, count in dict(tallies.rows).items()}
    yield _counter("kan_predicted_rows", "Rows predicted.", rows, ["model"])
    outside = {(model,): count for model, count in dict(tallies.outside).items()}
    words = "Values outside the training range, or never seen in training, among the rows predicted."
    yield _counter("kan_predicted_values_outside", words, outside, ["model"])


def _cache_metrics(cache: ModelCache) -> Iterator[Metric]:
    yield _gauge("kan_model_cache_bytes", "Bytes of the networks that are held ready.", {(): cache.bytes})
    yield _gauge("kan_model_cache_max_bytes", "Most bytes that are held ready.", {(): cache.max_bytes})
    yield _counter("kan_model_cache_hits", "Networks that were asked for and held.", {(): cache.hits})
    yield _counter("kan_model_cache_misses", "Networks that were read from the store.", {(): cache.misses})


def _snapshot_metrics(found: Snapshot) -> Iterator[Metric]:
    yield _gauge("kan_jobs", "Jobs that have not ended.", found.live, ["kind", "status"])
    words = "For how long the queued job that waits longest could have run (seconds)."
    yield _gauge("kan_queue_oldest_seconds", words, {(): found.oldest_seconds})
    words = "Time from a job's first start to its end (seconds), of jobs that ended since this process began."
    yield _histogram("kan_job_seconds", words, found.durations, ["kind", "end"])
    words = "Jobs taken back from workers that were gone, since the database was made."
    yield _counter("kan_lease_losses", words, {(): found.lease_losses})
    words = "Workers that were seen within the length of a lease."
    yield _gauge("kan_workers", words, found.workers, ["device", "state"])


def _counter(name: str, words: str, values: Labelled, labels: Iterable[str] = ()) -> Metric:
    family = CounterMetricFamily(name, words, labels=list(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(name: str, words: str, values: Labelled, labels: Iterable[str] = ()) -> Metric:
    family = GaugeMetricFamily(name, words, labels=list(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, words: str, values: Mapping[Any, Histogram], labels: Iterable[str] = ()) -> Metric:
    family = HistogramMetricFamily(name, words, labels=list(labels))
    for key, found in values.items():
        family.add_metric(key, found.cumulative(), found.total)
    return family
