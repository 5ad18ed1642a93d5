"""The whole application on a database of its own, a client for it, and models built by hand to publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session, sessionmaker

from kan.checkpoint import dump
from kan.encoding import (
    MISSING_LEVEL,
    ClassOutput,
    Encoding,
    Input,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    Output,
)
from kan.kernels.native.compiling import KERNELS
from kan.knots import uniform_knots
from kan.state import EdgeStatistics, LayerState, LevelTable, NetworkState
from service.api.app import create_app
from service.domain.models import publish_version
from service.settings import Settings
from service.store.blobs import put_blob
from service.store.tables import VersionRow

Publish = Callable[..., VersionRow]


class Api:
    """Asks the app without a socket; each request has an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def delete(self, url: str) -> httpx.Response:
        return self.request("DELETE", url)


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Answers before and after the kernels are compiled differ in their last bits."""
    KERNELS.wait()


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = create_app(settings)
    yield app
    app.state.engine.dispose()


@pytest.fixture
def api(app: FastAPI) -> Api:
    return Api(app)


@pytest.fixture
def api_of() -> Iterator[Callable[[Settings], Api]]:
    """Makes an app with other settings, and a client for it."""
    made: list[FastAPI] = []

    def make(settings: Settings) -> Api:
        made.append(create_app(settings))
        return Api(made[-1])

    yield make
    for app in made:
        app.state.engine.dispose()


@pytest.fixture
def write(app: FastAPI) -> sessionmaker[Session]:
    """Sessions of the app's own database."""
    sessions: sessionmaker[Session] = app.state.sessions
    return sessions


@pytest.fixture
def publish(write: sessionmaker[Session]) -> Publish:
    """Publishes a network under a name and gives its version."""

    def published(state: NetworkState, name: str = "concrete", **facts: Any) -> VersionRow:
        with write() as session:
            split = facts.pop("split", None)
            given: dict[str, Any] = {
                "signature": signature_of(state),
                "metrics": {"test": {"rmse": 4.2, "r2": 0.92}},
                "training": {"seconds": 1.5, "outcome": "finished"},
                "job_id": None,
                "dataset_id": None,
                "seed": 7,
            }
            row = publish_version(
                session,
                model_name=name,
                blob_sha256=put_blob(session, dump(state)),
                split_sha256=None if split is None else put_blob(session, split),
                **{**given, **facts},
            )
            session.commit()
            return row

    return published


@pytest.fixture
def regression() -> NetworkState:
    """Two numbers, a category and a number that may be missing; one target; three hidden nodes."""
    inputs: tuple[Input, ...] = (
        NumberInput("cement", "cement", 300.0, 200.0, 100.0, 500.0),
        NumberInput("age", "age", 180.0, 180.0, 1.0, 365.0),
        LevelsInput("site", "site", ("north", "south", MISSING_LEVEL), (10, 12, 3)),
        NumberInput("water", "water", 180.0, 60.0, 120.0, 240.0, 185.0),
        MissingInput("water (missing)", "water"),
    )
    return network(inputs, (NumberOutput("strength", 35.0, 16.0),), hidden=3)


@pytest.fixture
def classification() -> NetworkState:
    """Two numbers, three classes, no hidden layer."""
    inputs = (NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0), NumberInput("domain", "domain", 0.0, 1.0, -1.0, 1.0))
    return network(inputs, (ClassOutput("kind", ("a", "b", "=c")),))


@pytest.fixture
def network_of() -> Callable[..., NetworkState]:
    """Builds a network with random coefficients for any inputs and outputs."""
    return network


def network(inputs: tuple[Input, ...], outputs: tuple[Output, ...], hidden: int = 0, seed: int = 0) -> NetworkState:
    encoding = Encoding(inputs, outputs)
    generator = np.random.default_rng(seed)
    widths = [encoding.network_inputs, *([hidden] if hidden else []), encoding.network_outputs]
    levels: list[list[int | None]] = [list(encoding.input_levels), [None] * hidden]
    layers = [random_layer(generator, a, b, each) for a, b, each in zip(widths, widths[1:], levels, strict=False)]
    return NetworkState(tuple(layers), encoding=encoding)


def random_layer(generator: np.random.Generator, n_in: int, n_out: int, levels: list[int | None]) -> LayerState:
    coefficients = generator.normal(size=(n_in, 6, n_out))
    base = generator.normal(size=(n_in, n_out))
    tables = []
    for source, count in enumerate(levels):
        if count is not None:
            coefficients[source], base[source] = 0.0, 0.0
            tables.append(LevelTable(source, generator.normal(size=(count + 1, n_out))))
    ones = np.ones((n_in, n_out))
    statistics = EdgeStatistics(-np.ones(n_in), np.ones(n_in), np.ones((n_in, 24), np.int64), ones, np.ones(n_out))
    knots = np.stack([uniform_knots(-1.0, 1.0, 3, 3)] * n_in)
    return LayerState(3, knots, coefficients, base, ones, ones, tuple(tables), statistics)


def signature_of(state: NetworkState) -> dict[str, Any]:
    assert state.encoding is not None
    inputs = [{"name": column, "type": "number"} for column in state.encoding.columns]
    outputs = [{"name": item.name, "type": "number"} for item in state.encoding.outputs]
    return {"task": state.encoding.task, "inputs": inputs, "outputs": outputs, "parameters": 12}
