"""The API document tells of every header that an answer has beside those of any answer."""

from __future__ import annotations

from typing import Any

import pytest

from kan.state import NetworkState
from service.settings import Settings

# Of any answer: what HTTP itself says of a body, and what browsers are told.
COMMON = {
    "cache-control", "content-length", "content-security-policy", "content-type", "cross-origin-opener-policy",
    "cross-origin-resource-policy", "referrer-policy", "vary", "x-content-type-options", "x-frame-options",
}  # fmt: skip
VERSION = "/v1/models/{name}/versions/{version}"
PLACES = {"name": "concrete", "version": "latest", "number": "1"}
ROW = {"rows": [[320.0, 28.0, "north", 185.0]]}
REFINE = {"operations": [{"op": "refine", "grid": 6}]}
Asked = tuple[str, str, int, dict[str, Any]]
ASKED: list[Asked] = [
    ("post", "/v1/datasets", 201, {"json": {"columns": {"x": [1, 2], "y": [3, 4]}}}),
    ("get", "/v1/datasets", 200, {}),
    ("get", "/v1/datasets", 304, {"headers": {"If-None-Match": "*"}}),
    ("get", "/v1/limits", 200, {}),
    ("get", VERSION, 200, {}),
    ("get", VERSION, 304, {"headers": {"If-None-Match": "*"}}),
    ("get", f"{VERSION}/export", 200, {"params": {"format": "json"}}),
    ("post", f"{VERSION}/predict", 200, {"json": ROW}),
    ("post", f"{VERSION}/edits", 201, {"json": REFINE, "headers": {"Idempotency-Key": "1"}}),
    ("post", f"{VERSION}/edits", 201, {"json": REFINE, "headers": {"Idempotency-Key": "1"}}),
    ("post", f"{VERSION}/publish", 200, {}),
    ("put", "/v1/models/{name}/aliases/{alias}", 201, {"json": {"version": 1}}),
    ("get", "/v1/models/{name}/aliases/{alias}", 404, {}),
    ("get", "/livez", 200, {}),
]


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    """Requests are counted, so that their answers tell how many are left."""
    return Settings(database_url=sqlite_url, keyless_quota=True)


@pytest.fixture
def document(app: Any) -> dict[str, Any]:
    return dict(app.openapi())


def declared(document: dict[str, Any], method: str, path: str, status: int) -> set[str]:
    answer = document["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return {name.lower() for name in answer["headers"]}


def test_every_header_that_is_sent_is_declared(
    api: Any, document: dict[str, Any], publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    seen = set()
    for method, path, status, options in ASKED:
        url = path.format(**PLACES, alias="champion" if method == "put" else "none")
        answer = api.request(method.upper(), url, **options)
        assert answer.status_code == status, (url, answer.text)
        sent = set(answer.headers) - COMMON
        assert sent <= declared(document, method, path, status), url
        seen |= sent
    assert {"idempotency-replayed", "content-location", "x-model-version", "ratelimit", "location", "etag"} <= seen


def test_every_declared_header_is_explained_in_one_place(document: dict[str, Any]) -> None:
    headers = document["components"]["headers"]
    own = [operation for methods in document["paths"].values() for operation in methods.values()]
    answers = [answer for operation in own for answer in operation["responses"].values()]
    named = {
        header["$ref"].rpartition("/")[2]
        for answer in (*answers, *document["components"]["responses"].values())
        for header in answer.get("headers", {}).values()
    }
    assert named == set(headers)
    assert all(header["description"] and header["example"] for header in headers.values())


@pytest.mark.parametrize("slug", ["too-many-jobs", "store-unavailable", "idempotency-key-in-flight"])
def test_a_refusal_that_asks_to_wait_says_so(document: dict[str, Any], slug: str) -> None:
    for name, answer in document["components"]["responses"].items():
        if slug in name.split("."):
            assert "Retry-After" in answer["headers"], name
