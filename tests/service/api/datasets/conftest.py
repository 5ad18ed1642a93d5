"""The data sets' router behind the real edge, on a database of its own, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anyio import CapacityLimiter
from fastapi import FastAPI
from sqlalchemy import func, select

from service.api import datasets
from service.api.admission import EdgeRules
from service.api.held_bytes import HeldBytes
from service.api.middleware import RequestEdge
from service.api.route_templates import RouteTemplates
from service.api.validation import HANDLERS
from service.domain.access.quotas import Quota
from service.domain.access.tallies import RequestTallies
from service.domain.model_cache import ModelCache
from service.domain.served_models import ServedModels
from service.settings import Settings
from service.store.changes import changes_of
from service.store.engine import make_engine, reading_session_factory, session_factory
from service.store.tables import BlobRow, DatasetRow


class Client:
    """Asks the app without a socket; each request has an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def delete(self, url: str) -> httpx.Response:
        return self.request("DELETE", url)

    def upload(self, content: bytes | str, media_type: str = "text/csv", query: str = "") -> httpx.Response:
        data = content.encode() if isinstance(content, str) else content
        return self.post("/v1/datasets" + query, content=data, headers={"Content-Type": media_type})

    def made(self, content: bytes, query: str = "?name=abc") -> dict[str, Any]:
        """Uploads CSV that is good, and gives the data set."""
        response = self.upload(content, query=query)
        assert response.status_code == 201, response.text
        return dict(response.json())

    def kept(self) -> tuple[int, int]:
        """Counts the data sets and the blobs in the database."""
        with self._app.state.sessions() as session:
            counts = [session.execute(select(func.count()).select_from(r)).scalar_one() for r in (DatasetRow, BlobRow)]
        return counts[0], counts[1]


@pytest.fixture
def app(database_url: str) -> Iterator[FastAPI]:
    """The noun's router behind the real edge, on a database of its own."""
    settings = Settings(database_url=database_url, max_body_bytes=1 << 20, max_dataset_columns=50)
    engine = make_engine(settings.database_url)
    app = FastAPI(exception_handlers=HANDLERS)
    app.state.settings = settings
    app.state.sessions = session_factory(engine)
    app.state.served = ServedModels(session_factory(engine), ModelCache(0), changes_of(engine))
    app.state.reading_sessions = reading_session_factory(engine)
    app.state.readings = CapacityLimiter(1)
    app.include_router(datasets.router)
    free, bodies = Quota(0, 0), HeldBytes(1 << 30)
    rules = EdgeRules(
        ("testserver",),
        (),
        lambda _path, _media_type: (settings.max_body_bytes, None),
        bodies,
        everybody=free,
        each=free,
        requests=RequestTallies(),
    )
    app.add_middleware(RequestEdge, rules=rules, templates=RouteTemplates(app))
    yield app
    engine.dispose()


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
