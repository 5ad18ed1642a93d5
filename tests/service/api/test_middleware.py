"""The edge: request ids, hosts, origins, keys, limits while streaming, headers, and the last resort."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from service.api.app import create_app
from service.domain.access.keys import create_key
from service.domain.ids import new_id
from service.settings import Settings
from service.store.engine import BUSY_TIMEOUT_SECONDS
from service.store.tables import KeyRow


def test_a_request_id_is_made_or_echoed(api: Any) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", api.get("/livez").headers["x-request-id"])
    assert api.get("/livez", headers={"X-Request-ID": "abc_1-2"}).headers["x-request-id"] == "abc_1-2"
    assert api.get("/livez", headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"


def test_every_answer_has_the_security_headers(api: Any) -> None:
    for url in ("/livez", "/nope", "/", "/docs", "/v1/models"):
        headers = api.get(url).headers
        assert headers["x-content-type-options"] == "nosniff", url
        assert headers["referrer-policy"] == "no-referrer", url
        assert headers["cross-origin-opener-policy"] == "same-origin", url
        assert headers["x-frame-options"] == "DENY", url
        assert "default-src 'none'" in headers["content-security-policy"], url


async def mebibytes(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"1" * 2**20


def test_a_body_over_the_limit_is_413_while_it_streams(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, max_body_bytes=2**20))
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield b"x" * 2**18

    response = api.post("/v1/datasets?name=a", content=endless(), headers={"Content-Type": "text/csv"})
    assert response.status_code == 413
    assert response.headers["connection"] == "close"


def test_limits_hold_on_the_unpacked_size(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, max_body_bytes=2**20))
    bomb = gzip.compress(b"x" * 2**22)
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    assert api.post("/v1/datasets?name=a", content=bomb, headers=headers).status_code == 413
    assert api.post("/v1/datasets?name=a", content=b"no gzip", headers=headers).status_code == 400
    assert api.post("/v1/datasets?name=a", content=bomb[:50], headers=headers).status_code in (400, 413)
    headers["Content-Encoding"] = "br"
    assert api.post("/v1/datasets?name=a", content=b"x", headers=headers).status_code == 415


def test_a_gzip_body_is_read(api: Any) -> None:
    table = "a,b\n" + "".join(f"{i},{i * i}\n" for i in range(30))
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    response = api.post("/v1/datasets?name=a", content=gzip.compress(table.encode()), headers=headers)
    assert response.status_code == 201, response.text
    assert response.json()["rows"] == 30


def test_an_unforeseen_error_is_a_500_without_its_trace(api: Any, app: FastAPI) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret reason")

    response = api.get("/broken")
    assert response.status_code == 500
    assert response.json()["type"] == "/errors#internal-error"
    assert "secret" not in response.text


def test_without_a_key_only_probes_and_documentation_answer(database_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=database_url, auth="on"))
    refused = api.get("/v1/models")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for url in ("/livez", "/readyz", "/docs", "/openapi.json", "/errors"):
        assert api.get(url).status_code == 200, url
    for token in ("x", "kan_a_b", "kan__", "kan_" + "a" * 500):
        assert api.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_good_key_is_let_in(database_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=database_url, auth="on"))
    with api.app.state.sessions() as session:
        _, token = create_key(session, "me")
    assert api.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert api.get("/v1/models", headers={"Authorization": f"Bearer {token}x"}).status_code == 401


def keyed(api: Any) -> tuple[str, dict[str, str]]:
    """Makes a key; gives its id and the header that shows it."""
    with api.app.state.sessions() as session:
        row, token = create_key(session, "me")
    return row.id, {"Authorization": f"Bearer {token}"}


def last_used(api: Any, key_id: str) -> datetime | None:
    with api.app.state.reading_sessions() as session:
        used: datetime | None = session.get_one(KeyRow, key_id).last_used_at
        return used


def test_use_of_a_key_is_noted_once_a_minute(database_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=database_url, auth="on"))
    key_id, headers = keyed(api)
    assert last_used(api, key_id) is None
    api.get("/v1/version", headers=headers)
    first = last_used(api, key_id)
    assert first is not None
    api.get("/v1/version", headers=headers)
    assert last_used(api, key_id) == first
    with api.app.state.sessions() as session:
        session.get_one(KeyRow, key_id).last_used_at = first - timedelta(minutes=2)
        session.commit()
    api.get("/v1/version", headers=headers)
    noted = last_used(api, key_id)
    assert noted is not None
    assert noted >= first


def test_a_good_key_is_let_in_while_the_database_is_locked(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on"))
    key_id, headers = keyed(api)
    with api.app.state.sessions() as writer:
        writer.execute(text("SELECT 1"))  # takes the write lock
        began = time.monotonic()
        assert api.get("/v1/models", headers=headers).status_code == 200
        # Half of the time for which a patient writer would have waited.
        assert time.monotonic() - began < BUSY_TIMEOUT_SECONDS / 2
    assert last_used(api, key_id) is None
    assert api.get("/v1/models", headers=headers).status_code == 200
    assert last_used(api, key_id) is not None


def test_a_key_is_503_while_the_database_is_away(api_of: Any) -> None:
    api = api_of(Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:9/none", auth="on"))
    response = api.get("/v1/models", headers={"Authorization": f"Bearer kan_{new_id('key')[4:]}_x"})
    assert response.status_code == 503, response.text
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize("where", ["key", "route"])
def test_a_database_asked_by_too_many_at_once_is_503(sqlite_url: str, api_of: Any, where: str) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on" if where == "key" else "off"))
    _, headers = keyed(api)
    pool = api.app.state.engine.pool
    pool._timeout = 0.01
    held = [pool.connect() for _ in range(60)]
    response = api.get("/v1/models", headers=headers)
    for connection in held:
        connection.close()
    assert response.status_code == 503, response.text
    assert response.headers["retry-after"] == "5"


def test_a_database_that_is_away_is_503(tmp_path: Any, api_of: Any) -> None:
    api = api_of(Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:9/none"))
    for url in ("/readyz", "/v1/models"):
        response = api.get(url)
        assert response.status_code == 503, response.text
        assert response.headers["retry-after"] == "5"
        assert "nobody" not in response.text


def test_create_app_opens_nothing(tmp_path: Any) -> None:
    create_app(Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:9/none")).state.engine.dispose()


def test_a_folder_of_bytes_that_is_away_is_503_until_it_is_back(sqlite_url: str, tmp_path: Path, api_of: Any) -> None:
    folder, away = tmp_path / "blobs", tmp_path / "away"
    api = api_of(Settings(database_url=sqlite_url, blobs=folder.as_uri()))
    table = {"json": {"columns": {"x": [1.0, 2.0]}}}
    first = api.post("/v1/datasets?name=first", **table)
    rows = f"/v1/datasets/{first.json()['id']}/rows"
    folder.rename(away)
    for response in (api.post("/v1/datasets?name=second", json={"columns": {"y": [1.0]}}), api.get(rows)):
        assert (response.status_code, response.headers["retry-after"]) == (503, "5"), response.text
        assert "KAN_BLOBS" in response.json()["detail"]
        assert str(tmp_path) not in response.text
    away.rename(folder)
    assert api.get(rows).status_code == 200
    assert len(api.get("/v1/datasets").json()["data"]) == 1
