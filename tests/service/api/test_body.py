"""Bodies within their limits, on every address that takes one: bombs cost next to nothing."""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from typing import Any

import polars as pl
import pytest

from service.api.body import LimitedBody
from service.api.held_bytes import HeldBytes
from service.domain.access.access_errors import Overloaded
from service.domain.errors import BodyTooLarge, MalformedBody
from service.settings import Settings
from tests.service.cost import Cost, tells_peak

MEBIBYTE = 2**20
LIMIT = 256 * MEBIBYTE


def bomb(head: bytes = b"", mebibytes: int = 10_240) -> bytes:
    """Gives ten gibibytes of spaces packed into ten mebibytes, made by repeating a block of the packed stream."""
    packer = zlib.compressobj(9, wbits=-15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + start + block * mebibytes


BOMB = bomb()


def form(content: bytes) -> tuple[bytes, str]:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head + content, "multipart/form-data; boundary=b"


ADDRESSES = [
    ("/v1/datasets?name=a", "text/csv", b"a,b\n"),
    ("/v1/datasets?name=a", "application/json", b"{"),
    ("/v1/datasets?name=a", "application/x-ndjson", b"{"),
    ("/v1/datasets?name=a", "application/vnd.apache.parquet", b"PAR1"),
    ("/v1/datasets", *form(b"a,b\n")[::-1]),
    ("/v1/models/m/versions/1/predict", "application/json", b'{"rows": [['),
    ("/v1/models/m/versions/1/predict", "text/csv", b"a,b\n"),
    ("/v1/models/m/versions/1/edits", "application/json", b"{"),
    ("/v1/models", "application/json", b"{"),
    ("/v1/jobs", "application/json", b"{"),
    ("/v1/functions", "application/json", b"{"),
    ("/v1/keys", "application/json", b"{"),
    ("/v2/models/m/infer", "application/json", b"{"),
    ("/v2/repository/index", "application/json", b"{"),
]


@tells_peak
def test_bomb_is_refused_everywhere_within_a_second_and_50_mebibytes(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url))
    api.get("/v1/models")
    for url, media_type, head in ADDRESSES:
        headers = {"Content-Type": media_type, "Content-Encoding": "gzip"}
        content = bomb(head) if url == "/v1/datasets" else BOMB

        async def pieces(content: bytes = content) -> Any:
            for start in range(0, len(content), 65_536):
                yield content[start : start + 65_536]

        with Cost() as cost:
            response = api.post(url, content=pieces(), headers=headers)
        assert response.status_code == 413, (url, media_type, response.text)
        assert cost.seconds < 1, (url, media_type)
        assert cost.mebibytes < 50, (url, media_type)


def read(body: bytes, limit: int = LIMIT, piece: int = 65_536, held: HeldBytes | None = None) -> int:
    """Reads a packed body piece by piece; gives how much it unpacks to."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    messages = [
        {"type": "http.request", "body": content, "more_body": number < len(pieces)}
        for number, content in enumerate(pieces, 1)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    scope = {"type": "http", "path": "/v1/datasets", "headers": [(b"content-encoding", b"gzip")]}
    reader = LimitedBody(scope, receive, limit, held or HeldBytes(LIMIT))

    async def read_all() -> None:
        while (await reader())["more_body"]:
            pass

    asyncio.run(read_all())
    return reader.read


@tells_peak
@pytest.mark.parametrize("url", ["/v1/datasets?name=a", "/v1/models/labels/versions/1/predict"])
def test_table_that_is_packed_twice_is_measured_by_what_came(
    api: Any, publish: Any, classification: Any, url: str
) -> None:
    """A page of zeros again and again: gzip finds what Parquet's own packing leaves."""
    publish(classification, "labels")
    text = pl.DataFrame({"x": pl.Series([f"{row:07}" + "x" * 100_000 for row in range(400)])})
    table = io.BytesIO()
    text.write_parquet(table, compression="snappy", row_group_size=20)
    packed = gzip.compress(table.getvalue())
    assert len(packed) * 200 < 8 * MEBIBYTE < 40 * MEBIBYTE < len(table.getvalue()) * 200
    headers = {"Content-Type": "application/vnd.apache.parquet", "Content-Encoding": "gzip"}
    api.get("/v1/models")
    with Cost() as cost:
        answer = api.post(url, content=packed, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/errors#body-too-large")
    assert cost.mebibytes < 50


def test_body_that_packs_well_is_read_while_it_is_small() -> None:
    assert read(gzip.compress(b" " * 8 * MEBIBYTE)) == 8 * MEBIBYTE
    with pytest.raises(BodyTooLarge, match="200 bytes for each packed one"):
        read(gzip.compress(b" " * (8 * MEBIBYTE + 1)))


def test_table_that_packs_to_a_hundredth_is_read() -> None:
    rows = b"".join(b"%d,0.5,north\n" % (number // 20) for number in range(700_000))
    packed = gzip.compress(rows, 6)
    assert len(rows) / len(packed) > 100
    assert read(packed) == len(rows)


def test_limit_holds_to_the_byte() -> None:
    packed = gzip.compress(b"abc" * 1000)
    assert read(packed, limit=3000, piece=7) == 3000
    with pytest.raises(BodyTooLarge, match="2,999 bytes"):
        read(packed, limit=2999, piece=7)


def test_body_that_goes_on_or_is_cut_off_is_malformed() -> None:
    packed = gzip.compress(b"abc")
    for broken in (packed[:-1], packed + b"x", packed + packed, b"abc"):
        with pytest.raises(MalformedBody):
            read(broken)


def test_bodies_of_all_requests_are_bounded_together() -> None:
    held = HeldBytes(5_000)
    held.add(4_000)
    with pytest.raises(Overloaded, match="5,000 bytes of bodies"):
        read(gzip.compress(b"abc" * 1000), held=held)
    held.drop(4_000)
    assert read(gzip.compress(b"abc" * 1000), held=held) == 3_000


def test_bytes_of_a_request_are_held_until_it_ends(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, max_bodies_bytes=1024))
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number * number) for number in range(60))
    for name in "abc":
        response = api.post(f"/v1/datasets?name={name}", content=table, headers={"Content-Type": "text/csv"})
        assert response.status_code == 201, response.text


def test_body_of_a_request_that_is_no_table_is_short(sqlite_url: str, api_of: Any) -> None:
    api = api_of(Settings(database_url=sqlite_url, max_request_bytes=1024))
    headers = {"Content-Type": "application/json"}
    assert api.post("/v1/jobs", content=b" " * 1025, headers=headers).status_code == 413
    # An expression is a request like any other, though a network's file may be large.
    assert api.post("/v1/models", content=b" " * 1025, headers=headers).status_code == 413
    assert api.post("/v1/jobs", content=b" " * 1024, headers=headers).status_code == 400
    assert api.post("/v1/datasets?name=a", content=b" " * 1025, headers=headers).status_code == 400
