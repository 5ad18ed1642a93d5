"""Every operation keeps the contract that the API document makes: asked by a client that reads nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from schemathesis import openapi

from service.api.app import create_app
from service.api.scopes import is_open
from service.settings import Settings
from tests.acceptance.conftest import Service
from tests.acceptance.hunting import Hunt, config, hunt
from tests.service.conftest import Api

# schemathesis asks an app by starlette's client, which wants a successor of httpx that we have no other use for.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")

HOST = "testserver"
LEAST_REQUESTS = 20_000
EVERY_BOUNDARY = ("examples", "coverage", "fuzzing")
TABLE = "a,y\n" + "".join(f"{row},{row * row}\n" for row in range(40))
Make = Callable[..., Any]


@pytest.fixture
def make(sqlite_url: str) -> Iterator[Make]:
    """Makes an app on one database, with small limits, so that none of what is sent takes long."""
    made: list[Any] = []

    def app(**options: Any) -> Any:
        limits = {"max_body_bytes": 100_000, "max_recipe_steps": 1_000, "key_requests_per_minute": 10**9}
        known = {name: value for name, value in limits.items() if name in Settings.model_fields}
        made.append(create_app(Settings(database_url=sqlite_url, allowed_hosts=(HOST,), **{**known, **options})))
        return made[-1]

    yield app
    for each in made:
        each.state.engine.dispose()


def known_things(app: Any) -> dict[str, Any]:
    """Makes one of each thing; gives the parameters that name them."""
    client = Api(app)
    dataset = client.post("/v1/datasets?name=a", content=TABLE, headers={"Content-Type": "text/csv"}).json()["id"]
    job = client.post("/v1/jobs", json={"dataset": dataset, "targets": ["y"], "model": "trained"}).json()["id"]
    law = {"name": "pendulum", "expression": "2*pi*sqrt(length/9.81)", "ranges": {"length": [0.1, 2.0]}}
    assert client.post("/v1/models", json=law).status_code == 201
    assert client.request("PUT", "/v1/models/pendulum/aliases/champion", json={"version": 1}).status_code == 201
    return {
        "name": "pendulum",
        "version": "1",
        "alias": "champion",
        "dataset_id": dataset,
        "job_id": job,
        "number": "1",
        "path.layer": 0,
        "path.source": 0,
        "path.target": 0,
        "query.dataset": dataset,
    }


def operations(app: Any) -> set[str]:
    return {f"{method.upper()} {path}" for path, found in app.openapi()["paths"].items() for method in found}


def assert_keeps_the_contract(found: Hunt) -> None:
    assert sorted(found.failures) == []
    assert {status for status in found.statuses if status >= 500} <= {503}


def test_every_operation_keeps_the_contract(make: Make) -> None:
    app = make()
    settings = config(known_things(app), examples=1)
    found = hunt(openapi.from_asgi("/openapi.json", app, config=settings))
    assert_keeps_the_contract(found)
    assert set(found.answers) == operations(app)


def test_without_a_key_there_is_no_way_in(make: Make) -> None:
    app = make(auth="on")
    client = Api(app)
    for name in operations(app):
        method, path = name.split(" ")
        answer = client.request(method, path)
        assert is_open(path) or (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), name


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_operation_keeps_the_contract_at_every_boundary(make: Make) -> None:
    app = make()
    things, total = known_things(app), 0
    for seed in range(1, 20):
        settings = config(things, examples=20, seed=seed, phases=EVERY_BOUNDARY)
        found = hunt(openapi.from_asgi("/openapi.json", app, config=settings))
        assert_keeps_the_contract(found)
        total += found.requests
        if total >= LEAST_REQUESTS:
            return
    raise AssertionError(f"only {total} requests were sent")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_one_answer_says_is_found_and_what_was_deleted_is_not(make: Make) -> None:
    settings = config({}, examples=100, phases=("stateful",))
    found = hunt(openapi.from_asgi("/openapi.json", make(), config=settings))
    assert_keeps_the_contract(found)
    assert found.requests > 500


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_that_is_sent_without_a_key_finds_a_way_in(make: Make) -> None:
    settings = config({}, examples=5, phases=EVERY_BOUNDARY)
    found = hunt(openapi.from_asgi("/openapi.json", make(auth="on"), config=settings))
    answered = {name: set(found.answers[name]) for name in found.answers if not is_open(name.partition(" ")[2])}
    # 404 is what an address with control characters is: looked at before any key is.
    ways_in = {name: statuses for name, statuses in answered.items() if not statuses <= {401, 404}}
    assert {name: statuses for name, statuses in ways_in.items() if "/" in name} == {}
    assert sum(found.answers[name][401] for name in answered) > 1_000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_real_server_keeps_the_contract(service: Service) -> None:
    """Sockets, a worker that trains what is asked for, and both databases."""
    settings = config({}, examples=5, phases=(*EVERY_BOUNDARY, "stateful"))
    assert_keeps_the_contract(hunt(openapi.from_url(f"{service.url}/openapi.json", config=settings)))
