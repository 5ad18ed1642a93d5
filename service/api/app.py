"""Makes the HTTP application: one middleware, one table of problems, one router per noun."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from anyio import CapacityLimiter
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.datastructures import State

from service.api import (
    aliases,
    checkpoints,
    curves,
    datasets,
    documentation,
    edits,
    exports,
    expressions,
    formulas,
    fronts,
    functions,
    health,
    hypotheses,
    imports,
    job_logs,
    job_predictions,
    job_verbs,
    jobs,
    keys,
    metrics,
    models,
    oip,
    oip_repository,
    pictures,
    predictions,
    readings,
    version_documents,
    workers,
)
from service.api.addresses import Addresses
from service.api.admission import EdgeRules
from service.api.event_feed import EventFeed
from service.api.few_at_once import MOST_READINGS
from service.api.held_bytes import HeldBytes
from service.api.job_events import Streams
from service.api.methods import PlainMethods
from service.api.metrics import registry_of
from service.api.middleware import RequestEdge
from service.api.openapi import openapi_of
from service.api.origins import host_named
from service.api.packed_answers import PackedAnswers
from service.api.quick_routes import QuickRoutes
from service.api.route_templates import RouteTemplates
from service.api.validation import HANDLERS
from service.domain.access.access_errors import Overloaded
from service.domain.access.key_ring import KeyRing
from service.domain.access.quotas import Quota
from service.domain.access.tallies import PredictionTallies, RequestTallies
from service.domain.inference.statistics import InferenceStatistics
from service.domain.job_counts import JobCounts
from service.domain.model_cache import ModelCache
from service.domain.prediction_forms.columns import PREDICT_JOB
from service.domain.served_models import ServedModels
from service.domain.tables.parsed import TableLimits
from service.settings import Settings
from service.store.blobs import with_blobs
from service.store.changes import Changes, changes_of
from service.store.engine import impatient_session_factory, make_engine, reading_session_factory, session_factory
from service.telemetry import spans_to
from service.ui import pages
from service.version import code_version

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SUMMARY = "Train, read and serve Kolmogorov-Arnold Networks."
QUICK = {
    "/v1/models/{name}/versions/{version}/predict": predictions.predict,
    "/v2/models/{name}/infer": oip.infer_tensors,
    "/v2/models/{name}/versions/{version}/infer": oip.infer_tensors,
}
# Those first that are asked most: each part is looked through in turn.
_PARTS = (
    predictions,
    oip,
    health,
    metrics,
    datasets,
    jobs,
    job_verbs,
    job_logs,
    job_predictions,
    workers,
    keys,
    models,
    aliases,
    imports,
    expressions,
    exports,
    edits,
    checkpoints,
    curves,
    pictures,
    readings,
    functions,
    formulas,
    fronts,
    hypotheses,
    version_documents,
    oip_repository,
    documentation,
    pages,
)


def create_app(settings: Settings) -> FastAPI:
    """Gives the application; it opens the database on first use and closes it when the server stops.

    Raises:
        OtelMissing: spans are to be sent, and the extra `otel` is not installed.
    """
    engine = with_blobs(make_engine(settings.database_url), settings.blobs)
    changes = changes_of(engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        changes.start()
        yield
        changes.close()
        if app.state.spans is not None:
            app.state.spans.close()
        engine.dispose()

    app = FastAPI(
        title="kan-service",
        version=code_version(),
        summary=_SUMMARY,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        redirect_slashes=False,
        # We send spans and metrics of our own; to ask on each request whether somebody wants its costs 10 us.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    _equip(app, settings, engine, changes)
    app.state.addresses = Addresses(app)
    app.add_middleware(PackedAnswers)
    app.add_middleware(PlainMethods, addresses=app.state.addresses)
    app.add_middleware(QuickRoutes, posted=QUICK)
    app.add_middleware(RequestEdge, rules=edge_rules(settings, app.state), templates=RouteTemplates(app))
    for part in _PARTS:
        app.include_router(part.router)
    # FastAPI's own way to replace the document.
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def _equip(app: FastAPI, settings: Settings, engine: Engine, changes: Changes) -> None:
    """Gives the app what its routes share."""
    app.state.settings = settings
    app.state.began = time.monotonic()
    app.state.engine = engine
    app.state.sessions = session_factory(engine)
    app.state.reading_sessions = reading_session_factory(engine)
    app.state.feed = EventFeed(app.state.reading_sessions)
    app.state.streams = Streams(settings.max_streams)
    app.state.models = ModelCache(settings.model_cache_bytes)
    app.state.served = ServedModels(app.state.reading_sessions, app.state.models, changes)
    app.state.prediction_limits = replace(
        TableLimits.from_settings(settings), max_rows=settings.max_prediction_rows, hint=PREDICT_JOB
    )
    app.state.forwards = CapacityLimiter(os.cpu_count() or 1)
    app.state.exports = CapacityLimiter(exports.MOST_EXPORTS)
    app.state.readings = CapacityLimiter(MOST_READINGS)
    app.state.statistics = InferenceStatistics()
    impatient = impatient_session_factory(engine)
    app.state.keys = KeyRing(app.state.reading_sessions, impatient, changes, settings.key_away_seconds)
    app.state.everybody = Quota(0, settings.max_requests_at_once, Overloaded)
    app.state.requests = RequestTallies()
    app.state.predicted = PredictionTallies()
    app.state.job_counts = JobCounts(app.state.reading_sessions, settings.lease_seconds)
    app.state.registry = registry_of(app)
    app.state.spans = spans_to(settings.otlp_endpoint)


def edge_rules(settings: Settings, state: State) -> EdgeRules:
    """Gives what the middleware checks and counts, from the settings and from what the app shares."""
    return EdgeRules(
        hosts=(*_LOOPBACK, *map(host_named, (settings.host, *settings.allowed_hosts))),
        origins=settings.allowed_origins,
        body_limits=lambda path, media_type: body_limits(settings, path, media_type),
        bodies=HeldBytes(settings.max_bodies_bytes),
        everybody=state.everybody,
        each=Quota(settings.key_requests_per_minute, settings.key_requests_at_once),
        requests=state.requests,
        spans=state.spans,
        keys=state.keys if settings.needs_key else None,
        counts_keyless=settings.keyless_quota,
    )


def body_limits(settings: Settings, path: str, media_type: str) -> tuple[int, int | None]:
    """Gives the bytes that a body of this type sent to this path may have, and the levels of its JSON.

    Rows and tables have a shape of their own, which their readers check. JSON that makes a model is an expression;
    only files of networks are large.
    """
    if path.endswith(("/predict", "/infer")):
        return settings.max_prediction_bytes, None
    is_json = not media_type or "json" in media_type.lower()
    if path == "/v1/datasets" or (path == "/v1/models" and not is_json):
        return settings.max_body_bytes, None
    return settings.max_request_bytes, settings.max_json_depth if is_json else None
