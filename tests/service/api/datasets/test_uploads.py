"""Uploads that are refused: each with its code and a problem that says what was expected; nothing half-written."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.service.api.datasets.conftest import Client

URL = "/v1/datasets"
CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
ABC = b"a,b\n1,x\n2,y\n,z\n"
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + ABC + b"\r\n--x--\r\n"


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["", "a\0b", "a\r\nb", "a" * 300, "\ud800"])
def test_illegal_name_is_refused(client: Client, name: str) -> None:
    body = json.dumps({"name": name, "columns": {"a": [1, 2]}})
    response = client.upload(body, "application/json")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/name")
    assert client.kept() == (0, 0)


def test_illegal_name_in_the_query_is_refused(client: Client) -> None:
    response = client.upload(ABC, query="?name=" + "a" * 300)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "?name")


REFUSED = [
    (b"", CSV, 422, "empty file"),
    (b"a,b\n", CSV, 422, "at least one row"),
    (b"a,b\n1\n", CSV, 422, "line 2: expected 2 cells (a, b), got 1"),
    (b"a,a\n1,2\n", CSV, 422, "both named 'a'"),
    (b"x,age\n" + b"1,2\n" * 4019 + b"1,old\n", CSV, 422, "line 4021, column 'age': expected a number, got text"),
    (b"a\n1\n2\nNaN\ninf\n", CSV, 422, "line 5, column 'a'"),
    (b"a\n1\n2\n1e400\n", CSV, 422, "line 4, column 'a'"),
    (b"a\n1\n2\n1e308\n", CSV, 422, "line 4, column 'a'"),
    (b"a,b\n1,\xff\n", CSV, 400, "line 2: expected UTF-8"),
    (b"a,b\n1,\0\n", CSV, 400, "line 2: expected text, got a NUL byte"),
    (b'a,b\n1,"x\n', CSV, 400, "line 2: a quoted cell is never closed"),
    (b"PK\x03\x04", CSV, 400, "archive"),
    (b",".join(b"c%d" % i for i in range(51)), CSV, 413, "at most 50 columns"),
    (b"a\n" + b"1\n" * (1 << 19), CSV, 413, "bytes"),
    (b'{"rows": [{"a": NaN}]}', "application/json", 422, "/rows/0/a"),
    (b'{"rows": [{"a": 1e400}]}', "application/json", 422, "/rows/0/a"),
    (b'{"rows": [{"a": 1}, {"a": 2}, {"a": "x"}]}', "application/json", 422, "/rows/2/a"),
    (b'{"rows": [', "application/json", 400, "line 1, character 11"),
    (b"[" * 100_000, "application/json", 400, "nested too deeply"),
    (b'{"\\ud800": 1, "rows": [{"a": 1}]}', "application/json", 422, "unknown field"),
    (
        b'{"generator": {"expression": "__import__", "ranges": {"x": [0, 1]}}}',
        "application/json",
        422,
        "/generator/expression",
    ),
    (b'{"generator": {"expression": "9**9**9", "ranges": {"x": [0, 1]}}}', "application/json", 422, "finite"),
    (
        b'{"generator": {"expression": "x", "ranges": {"x": [0, 1]}, "rows": 1e12}}',
        "application/json",
        422,
        "/generator/rows",
    ),
    (b'{"a": 1}\n{"a": \n', NDJSON, 400, "line 2, character 7"),
    (b'{"a": 1}\n{"b": 1}\n', NDJSON, 422, "line 2"),
    (b"PAR1", PARQUET, 400, "Parquet"),
    (parquet(pl.DataFrame({"a": [f"{i:05}" + "x" * 100_000 for i in range(2000)]})), PARQUET, 413, "unpacked"),
    (ABC, "text/plain", 415, "text/csv"),
    (ABC, "application/zip", 415, "text/csv"),
    (ABC, "", 415, "text/csv"),
    (ABC, "text/csv; charset=latin-1", 415, "text/csv"),
    (ABC, "text/csv; charset=\x00", 415, "text/csv"),
    (ABC, "multipart/form-data", 400, "form"),
    (ABC, "multipart/form-data; boundary=x", 400, "form"),
    (FORM, "multipart/form-data; boundary=x; charset=undefined", 400, "form"),
]


@pytest.mark.parametrize(("content", "media_type", "status", "words"), REFUSED, ids=range(len(REFUSED)))
def test_bad_upload_is_a_problem_and_leaves_nothing(
    client: Client, content: bytes, media_type: str, status: int, words: str
) -> None:
    response = client.upload(content, media_type)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert words in problem["detail"]
    assert problem["status"] == status
    assert client.kept() == (0, 0)


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"other": ("a.csv", ABC, CSV)}, 422),
        ({"file": ("a.npz", ABC, "application/octet-stream")}, 415),
        ({"file": ("a.zip", ABC, "application/zip")}, 415),
    ],
)
def test_form_without_a_readable_file_is_refused(client: Client, files: dict[str, Any], status: int) -> None:
    assert client.post(URL, files=files).status_code == status
    assert client.kept() == (0, 0)


def test_gzip_bomb_is_refused_by_its_unpacked_size(client: Client) -> None:
    headers = {"Content-Type": CSV, "Content-Encoding": "gzip"}
    response = client.post(URL, content=gzip.compress(b"a\n" + b"1\n" * (8 << 20)), headers=headers)
    assert response.status_code == 413
    assert client.kept() == (0, 0)
