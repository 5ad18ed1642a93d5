"""HEAD, OPTIONS and 405 at every address, and query parameters that no address takes."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from starlette.types import Message

from service.settings import Settings

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database_url=sqlite_url)


def addresses(api: Any) -> dict[str, list[str]]:
    """Every documented address with its methods; "1" stands for each part that is asked for."""
    paths = api.app.openapi()["paths"]
    return {re.sub(r"\{\w+\}", "1", path): sorted(method.upper() for method in paths[path]) for path in paths}


def test_options_names_the_methods_of_every_address(api: Any) -> None:
    for path, methods in addresses(api).items():
        response = api.request("OPTIONS", path)
        assert (response.status_code, response.content) == (204, b""), path
        allowed = response.headers["allow"].split(", ")
        head = ["HEAD"] if "GET" in methods else []
        assert allowed == sorted([*methods, *head, "OPTIONS"]), path


def test_a_method_that_an_address_does_not_take_is_405_with_all_that_it_takes(api: Any) -> None:
    for path, methods in addresses(api).items():
        other = next(method for method in METHODS if method not in methods)
        response = api.request(other, path)
        assert response.status_code == 405, (other, path)
        assert set(methods) <= set(response.headers["allow"].split(", ")), path


def test_options_of_no_address_is_404(api: Any) -> None:
    assert api.request("OPTIONS", "/v1/nothing").status_code == 404


def test_head_has_the_headers_of_get_and_no_body(api: Any) -> None:
    for path in ("/v1/models", "/v1/limits", "/v1/functions", "/v1/jobs/job_1", "/openapi.json", "/v2"):
        whole, head = api.get(path), api.request("HEAD", path)
        assert head.content == b"", path
        assert head.status_code == whole.status_code, path
        kept = ("content-length", "content-type", "etag")
        assert [head.headers.get(name) for name in kept] == [whole.headers.get(name) for name in kept], path


def test_head_of_what_only_takes_post_is_405(api: Any) -> None:
    response = api.request("HEAD", "/v1/jobs/job_1/cancel")
    assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")


def test_head_of_a_stream_ends(api: Any, app: Any) -> None:
    """The log of a running job never ends by itself."""
    job = _queued_job(api)
    sent: list[Message] = []

    async def ask() -> None:
        came: list[Message] = [{"type": "http.request", "body": b""}]
        ended = asyncio.Event()
        scope = {
            "type": "http",
            "method": "HEAD",
            "path": f"/v1/jobs/{job}/events",
            "raw_path": b"",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")],
        }

        async def receive() -> Message:
            if came:
                return came.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                ended.set()

        await asyncio.wait_for(app(scope, receive, send), 10)

    asyncio.run(ask())
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"")


def test_an_unknown_query_parameter_is_refused_at_every_address(api: Any) -> None:
    paths = api.app.openapi()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            takes_any = any(
                parameter["schema"].get("type") == "object" and "patternProperties" not in parameter["schema"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "query"
            )
            if path.startswith("/v1/") and not takes_any:
                response = api.request(method.upper(), re.sub(r"\{\w+\}", "1", path) + "?nonsense=1")
                assert response.status_code == 422, (method, path)
                (fault,) = response.json()["errors"]
                assert (fault["pointer"], fault["code"]) == ("?nonsense", "unknown_parameter"), (method, path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/v1/jobs?limti=3", "unknown (did you mean limit?); expected one of limit, after, status, model, dataset"),
        ("/v1/workers?x=", "unknown; this address takes no query parameter"),
        ("/v1/jobs?label.!=a", "unknown; expected one of limit, after, status, model, dataset"),
    ],
)
def test_the_refusal_says_which_was_meant(api: Any, url: str, words: str) -> None:
    assert api.get(url).json()["errors"][0]["message"] == words


def test_documented_parameters_and_labels_are_taken(api: Any) -> None:
    for url in ("/v1/jobs?limit=3&status=queued&status=running&label.team=a", "/v1/models?limit=1", "/readyz?other=1"):
        assert api.get(url).status_code == 200, url


def _queued_job(api: Any) -> str:
    table = "a,y\n" + "".join(f"{row},{row * row}\n" for row in range(40))
    made = api.post("/v1/datasets?name=a", content=table, headers={"Content-Type": "text/csv"})
    job = api.post("/v1/jobs", json={"dataset": made.json()["id"], "targets": ["y"]})
    return str(job.json()["id"])
