"""Pages, their files and large JSON go out packed to who reads it; tags, lengths and Vary say so; the rest stays."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import pytest
from starlette.types import Message

from service.api.negotiation import reads_gzip

PAGE = "/errors"
FILE = "/static/style.css"
PLAIN = {"Accept-Encoding": "identity"}


def raw_answer(api: Any, url: str, accept_encoding: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Gives status, headers and the bytes as they are sent: clients unpack them unasked."""
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": method,
        "path": url,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"accept-encoding", accept_encoding.encode())],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(api.app(scope, receive, send))
    start, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(message.get("body", b"") for message in bodies)


@pytest.mark.parametrize("url", [PAGE, FILE, "/openapi.json", "/docs/swagger-ui-bundle.js"])
def test_packed_answer_unpacks_to_the_plain_one(api: Any, url: str) -> None:
    _, plain_headers, plain = raw_answer(api, url, "identity")
    status, headers, packed = raw_answer(api, url, "br, gzip;q=0.8")
    assert (status, headers["content-encoding"], int(headers["content-length"])) == (200, "gzip", len(packed))
    assert zlib.decompress(packed, wbits=31) == plain
    assert len(packed) < len(plain) / 2
    assert "content-encoding" not in plain_headers
    for found in (headers, plain_headers):
        assert "Accept-Encoding" in found["vary"]


def test_packed_file_has_a_tag_of_its_own_that_spares_the_next_answer(api: Any) -> None:
    plain = api.get(FILE, headers=PLAIN).headers["etag"]
    packed = api.get(FILE).headers["etag"]
    assert packed == plain.removesuffix('"') + '.gz"'
    for tag in (plain, packed, f'"x", W/{packed}'):
        again = api.get(FILE, headers={"If-None-Match": tag})
        assert (again.status_code, again.headers["etag"] in tag) == (304, True)
    assert api.get(FILE, headers={"If-None-Match": '"x.gz"'}).status_code == 200


def test_head_tells_what_get_would(api: Any) -> None:
    for encoding in ("gzip", "identity"):
        _, whole, _ = raw_answer(api, PAGE, encoding)
        _, head, body = raw_answer(api, PAGE, encoding, "HEAD")
        kept = ("content-length", "content-encoding", "vary", "etag")
        assert [head.get(name) for name in kept] == [whole.get(name) for name in kept]
        assert body == b""


def test_small_answers_and_problems_stay_as_they_are(api: Any) -> None:
    for url in ("/v1/limits", "/livez", "/nope"):
        answer = api.get(url)
        assert "content-encoding" not in answer.headers
        assert "Accept-Encoding" not in answer.headers.get("vary", "")


def test_tag_of_a_packed_job_can_be_sent_as_if_match(api: Any) -> None:
    columns = {f"column {number:03} {'x' * 60}": [float(row % 7) for row in range(30)] for number in range(200)}
    made = api.post("/v1/datasets?name=wide", json={"columns": columns}).json()
    spec = {"kind": "train", "dataset": made["id"], "targets": list(columns)[:1], "inputs": list(columns)[1:]}
    url = f"/v1/jobs/{api.post('/v1/jobs', json={**spec, 'preset': 'quick'}).json()['id']}"
    read = api.get(url)
    assert (read.headers.get("content-encoding"), read.headers["etag"][-4:]) == ("gzip", '.gz"')
    changed = api.request("PATCH", url, json={"priority": 3}, headers={"If-Match": read.headers["etag"]})
    assert changed.status_code == 200, changed.text
    stale = api.request("PATCH", url, json={"priority": 4}, headers={"If-Match": read.headers["etag"]})
    assert stale.status_code == 412


def test_predictions_are_never_packed(api: Any, publish: Any, classification: Any) -> None:
    publish(classification, "labels")
    answer = api.post("/v1/models/labels/versions/1/predict", json={"rows": [[0.5, 0.5]] * 2_000})
    assert len(answer.content) > 16_384
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accept_encoding", "is_read"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP ; q=0.5", True),
        ("gzip;q=0", False),
        ("br", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_read_where_it_is_named_with_a_weight(accept_encoding: str, is_read: bool) -> None:
    assert reads_gzip(accept_encoding) is is_read
