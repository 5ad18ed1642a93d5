"""How much may be asked, over HTTP: what is left is told, one too many is 429, an overloaded server says 503."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.domain.access.keys import create_key
from service.settings import Settings


def key(api: Any) -> dict[str, str]:
    with api.app.state.sessions() as session:
        _, token = create_key(session, "test")
    return {"Authorization": f"Bearer {token}"}


def test_what_is_left_is_told_and_one_too_many_is_429(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on", key_requests_per_minute=2))
    mine, other = key(api), key(api)
    first = api.get("/v1/version", headers=mine)
    assert first.headers["ratelimit-policy"] == '"key";q=2;w=60'
    assert first.headers["ratelimit"] == '"key";r=1;t=30'
    assert api.get("/v1/version", headers=mine).status_code == 200
    refused = api.get("/v1/version", headers=mine)
    assert (refused.status_code, refused.json()["type"]) == (429, "/errors#too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    assert api.get("/v1/version", headers=other).status_code == 200
    assert api.get("/readyz", headers=mine).status_code == 200


def test_keyless_callers_are_counted_only_where_that_is_asked_for(sqlite_url: str, api_of: Any) -> None:
    free = api_of(Settings(database_url=sqlite_url, key_requests_per_minute=1))
    for _ in range(3):
        answer = free.get("/v1/version")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers
    counted = api_of(Settings(database_url=sqlite_url, key_requests_per_minute=1, keyless_quota=True))
    assert [counted.get("/v1/version").status_code for _ in range(2)] == [200, 429]


def test_refusal_of_the_protocol_has_its_own_shape(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, key_requests_per_minute=1, keyless_quota=True))
    assert api.get("/v2").status_code == 200
    refused = api.get("/v2")
    assert (refused.status_code, list(refused.json())) == (429, ["error"])
    assert "retry-after" in refused.headers


async def both(app: FastAPI, headers: dict[str, str]) -> tuple[httpx.Response, httpx.Response]:
    """Asks a second time while the first request is open, and then lets that one end."""
    entered, go_on = asyncio.Event(), asyncio.Event()

    @app.get("/held")
    async def held() -> None:
        entered.set()
        await go_on.wait()

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
        first = asyncio.create_task(client.get("/held"))
        await entered.wait()
        second = await client.get("/v1/version")
        assert (await client.get("/livez")).status_code == 200
        go_on.set()
        return await first, second


@pytest.mark.parametrize(
    ("limit", "status", "slug"),
    [("key_requests_at_once", 429, "too-many-at-once"), ("max_requests_at_once", 503, "overloaded")],
)
def test_one_too_many_at_once_is_refused_and_the_open_one_ends(
    sqlite_url: str, api_of: Any, limit: str, status: int, slug: str
) -> None:
    limits: dict[str, Any] = {limit: 1}
    api = api_of(Settings(database_url=sqlite_url, auth="on", **limits))
    headers = key(api)
    first, second = asyncio.run(both(api.app, headers))
    assert first.status_code == 200
    assert (second.status_code, second.json()["type"]) == (status, f"/errors#{slug}")
    assert second.headers["retry-after"] == "1"
    assert api.get("/v1/version", headers=headers).status_code == 200
