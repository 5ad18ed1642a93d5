"""What a client holds already is not sent again: every resource has a strong ETag and knows If-None-Match."""

from __future__ import annotations

from typing import Any

import pytest

from kan.state import NetworkState
from service.settings import Settings

RESOURCES = (
    "/v1/datasets",
    "/v1/datasets/{dataset}",
    "/v1/datasets/{dataset}/rows",
    "/v1/jobs",
    "/v1/jobs/{job}",
    "/v1/jobs/{job}/checkpoints",
    "/v1/jobs/{job}/metrics",
    "/v1/models",
    "/v1/models/concrete",
    "/v1/models/concrete/versions",
    "/v1/models/concrete/versions/1",
    "/v1/models/concrete/versions/champion",
    "/v1/models/concrete/versions/1/activations",
    "/v1/models/concrete/versions/1/checkpoints",
    "/v1/models/concrete/aliases",
    "/v1/models/concrete/aliases/champion",
    "/v1/jobs/{job}/events",
    "/v1/models/concrete/versions/champion/checkpoints",
    "/v1/keys",
    "/v1/workers",
    "/v1/limits",
    "/v1/version",
    "/v1/functions",
    "/v1/functions/damped",
)


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database_url=sqlite_url)


@pytest.fixture
def places(api: Any, publish: Any, regression: NetworkState) -> dict[str, str]:
    """One of each thing; gives the ids."""
    table = "a,y\n" + "".join(f"{row},{row * row}\n" for row in range(40))
    dataset = api.post("/v1/datasets?name=a", content=table, headers={"Content-Type": "text/csv"}).json()["id"]
    job = api.post("/v1/jobs", json={"dataset": dataset, "targets": ["y"]}).json()["id"]
    publish(regression)
    assert api.request("PUT", "/v1/models/concrete/aliases/champion", json={"version": 1}).status_code == 201
    assert api.post("/v1/functions", json={"name": "damped", "expression": "t*exp(-t)"}).status_code == 201
    return {"dataset": dataset, "job": job}


def test_every_resource_is_sent_once(api: Any, places: dict[str, str]) -> None:
    for path in RESOURCES:
        url = path.format(**places)
        first = api.get(url)
        tag = first.headers["etag"]
        assert (first.status_code, tag[0], tag[-1]) == (200, '"', '"'), url
        again = api.get(url, headers={"If-None-Match": f'"x", {tag}'})
        assert (again.status_code, again.content) == (304, b""), url
        kept = ("etag", "cache-control", "content-location")
        assert [again.headers.get(name) for name in kept] == [first.headers.get(name) for name in kept], url
        assert api.get(url, headers={"If-None-Match": '"x"'}).status_code == 200, url


def test_every_resource_has_a_304(app: Any) -> None:
    without = [
        path
        for path, methods in app.openapi()["paths"].items()
        if path.startswith("/v1/") and "get" in methods and "304" not in methods["get"]["responses"]
    ]
    assert without == []


CREATED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/datasets", {"name": "b", "columns": {"x": [1e-7, 2.5], "y": [3, 4]}}),
    ("/v1/functions", {"name": "other", "expression": "t*exp(-t)"}),
    ("/v1/keys", {"name": "board"}),
    ("/v1/models", {"name": "law", "expression": "2*x", "ranges": {"x": [0, 1e-7]}}),
    ("/v1/models/concrete/versions/1/edits", {"operations": [{"op": "refine", "grid": 6}]}),
    ("/v1/jobs", {"dataset": "{dataset}", "targets": ["y"]}),
    ("/v1/jobs/{job}/pause", {}),
    ("/v1/jobs/{job}/resume", {}),
    ("/v1/jobs/{job}/cancel", {}),
]


def test_what_was_made_or_asked_is_known_by_its_etag(api: Any, places: dict[str, str]) -> None:
    for url, body in CREATED:
        filled = {name: value.format(**places) if isinstance(value, str) else value for name, value in body.items()}
        made = api.post(url.format(**places), **({"json": filled} if filled else {}))
        assert made.status_code in (201, 202), made.text
        again = api.get(made.headers["location"], headers={"If-None-Match": made.headers["etag"]})
        assert again.status_code == 304, url


def test_whole_lists_say_that_no_page_follows(api: Any, places: dict[str, str]) -> None:
    for path in ("functions", "workers", "models/concrete/aliases", "models/concrete/versions/1/checkpoints"):
        assert api.get(f"/v1/{path}").json()["next_cursor"] is None, path


LIKED = [
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
    ("text/html", "text/html; charset=utf-8"),
    ("application/json, text/html;q=0.1", "application/problem+json"),
    ("application/problem+json, text/html;q=0.9", "application/problem+json"),
    ("text/html;q=0, */*", "application/problem+json"),
    ("*/*", "application/problem+json"),
    ("text/csv", "application/problem+json"),
]


def test_a_refusal_is_a_page_where_a_page_is_liked_better(api: Any) -> None:
    for accept, media in LIKED:
        answer = api.get("/v1/models/nothing", headers={"Accept": accept})
        found = (answer.status_code, answer.headers["content-type"], answer.headers["vary"])
        assert found == (404, media, "Accept"), accept


def test_what_changed_is_sent_again(api: Any, places: dict[str, str]) -> None:
    tags = {path: api.get(path).headers["etag"] for path in ("/v1/jobs", "/v1/models/concrete/aliases")}
    assert api.post(f"/v1/jobs/{places['job']}/cancel").status_code == 202
    seen = api.get("/v1/models/concrete/aliases/champion").headers["etag"]
    api.request("DELETE", "/v1/models/concrete/aliases/champion", headers={"If-Match": seen})
    for path, tag in tags.items():
        assert api.get(path, headers={"If-None-Match": tag}).status_code == 200, path
