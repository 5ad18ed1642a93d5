"""The short way to a prediction answers as the router would: an address with a query goes by the router."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import OperationalError

from kan.state import NetworkState
from service.api.app import QUICK
from service.settings import Settings

SHORT = "/v1/models/labels/versions/1/predict"
ROUTED = SHORT + "?domain=warn"


@pytest.fixture
def labels(publish: Any, classification: NetworkState) -> None:
    publish(classification, "labels")


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Gives an answer without what differs from request to request."""
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.usefixtures("labels")
@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"rows": [[0.5, 0.5]]}}, 200),
        ({"json": {"rows": [[0.5]]}}, 422),
        ({"content": b"no json", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"x", "headers": {"Content-Type": "text/none"}}, 415),
        ({"json": {"rows": [[0.5, 0.5]]}, "headers": {"Accept": "image/png"}}, 406),
    ],
)
def test_both_ways_give_one_answer(api: Any, options: dict[str, Any], status: int) -> None:
    short = told(api.post(SHORT, **options))
    assert short[0] == status
    assert short == told(api.post(ROUTED, **options))


def test_unknown_models_are_told_as_each_protocol_tells_them(api: Any) -> None:
    native = api.post(SHORT, json={"rows": [[0.5, 0.5]]})
    assert (native.status_code, native.json()["type"]) == (404, "/errors#model-not-found")
    assert native.headers["x-request-id"] == native.json()["request_id"]
    other = api.post("/v2/models/labels/infer", json={"inputs": []})
    assert (other.status_code, list(other.json())) == (404, ["error"])


def test_body_over_the_limit_ends_the_connection(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, max_prediction_bytes=4_096))

    async def pieces() -> Any:
        for _ in range(8):
            yield b"1" * 1_024

    answer = api.post(SHORT, content=pieces(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


@pytest.mark.usefixtures("labels")
def test_database_that_is_away_is_503(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr(api.app.state.served, "find", away)
    answer = api.post(SHORT, json={"rows": [[0.5, 0.5]]})
    assert (answer.status_code, answer.json()["type"]) == (503, "/errors#store-unavailable")


def test_router_has_the_same_routes(api: Any) -> None:
    routed = {
        str(route.path): route.endpoint
        for route in iter_route_contexts(api.app.routes)
        if "POST" in (route.methods or ())
    }
    assert {template: routed[template] for template in QUICK} == QUICK
