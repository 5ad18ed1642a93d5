"""No secret reaches a log or a problem: neither a token, whole or in part, nor the database's password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from fastapi import FastAPI, Request

from service.domain.access.keys import create_key
from service.log import configure_logging
from service.settings import Settings

PASSWORD = "hunter2-of-the-database"
BODY = "what-was-sent-in-the-body"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    stream = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        configure_logging("debug")
    yield stream
    structlog.reset_defaults()


def broken_route(app: FastAPI) -> None:
    @app.post("/broken")
    def broken(request: Request) -> None:
        token = request.headers["authorization"]
        raise RuntimeError(f"a defect that nobody foresaw, at {len(token)}")


def test_tokens_and_bodies_are_in_no_log_and_no_problem(sqlite_url: str, api_of: Any, log: StringIO) -> None:
    api = api_of(Settings(database_url=sqlite_url, auth="on", key_requests_per_minute=60))
    broken_route(api.app)
    with api.app.state.sessions() as session:
        _, token = create_key(session, "a", ["admin"])
    secret = token.rpartition("_")[2]
    good, said = {"Authorization": f"Bearer {token}"}, []
    made = api.post("/v1/keys", json={"name": "b"}, headers=good).json()["token"]
    for header in (f"Bearer {token}", f"Bearer {token}x", f"Basic {token}", token, f"bearer  {token}"):
        for method, url, options in (
            ("GET", "/v1/models/none", {}),
            ("POST", "/v1/jobs", {"json": {"kind": BODY}}),
            ("POST", "/v1/datasets?name=a", {"content": f"a,b\n1,{BODY}\n".encode()}),
            ("POST", "/broken", {"content": BODY}),
            ("PUT", "/v1/nothing", {"json": {"a": BODY}}),
        ):
            said.append(api.request(method, url, headers={"Authorization": header}, **options).text)
    assert any("missing-scope" in text or "invalid-api-key" in text for text in said)
    everything = "".join(said) + log.getvalue()
    assert "a defect that nobody foresaw" in log.getvalue()
    assert "key_id" in log.getvalue()
    for word in (token, secret, secret[:12], made.rpartition("_")[2], BODY):
        assert word not in everything


def test_password_of_the_database_is_in_no_log_and_no_problem(api_of: Any, log: StringIO) -> None:
    api = api_of(Settings(database_url=f"postgresql+psycopg://kan:{PASSWORD}@127.0.0.1:9/none"))
    answers = [api.get(url) for url in ("/readyz", "/v1/models", "/v2/health/ready", "/")]
    assert {answer.status_code for answer in answers} == {503}
    assert "store_unavailable" in log.getvalue()
    assert PASSWORD not in "".join(answer.text for answer in answers) + log.getvalue()


def test_line_breaks_forge_no_line_of_the_log(api: Any, log: StringIO) -> None:
    api.get("/v1/models/a%0A%7B%22event%22%3A%22forged%22%7D", headers={"X-Request-ID": "a b", "User-Agent": "x"})
    lines = [line for line in log.getvalue().splitlines() if line]
    assert len(lines) == 1
    assert lines[0].startswith('{"')
