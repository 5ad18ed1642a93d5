"""Data sets over HTTP, behind the real edge: every format in and out, every refusal with its code."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from service.api import datasets
from service.api.middleware import EdgeRules, RequestEdge
from service.api.validation import HANDLERS
from service.settings import Settings
from service.store.engine import make_engine, reading_session_factory, session_factory
from service.store.tables import BlobRow, DatasetRow

DATA = Path(__file__).parents[3] / "examples" / "data"
URL = "/v1/datasets"
CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
ABC = b"a,b\n1,x\n2,y\n,z\n"


@pytest.fixture
def app(database_url: str) -> Iterator[FastAPI]:
    """The noun's router behind the real edge, on a database of its own."""
    settings = Settings(database_url=database_url, max_body_bytes=1 << 20, max_dataset_columns=50)
    engine = make_engine(settings.database_url)
    app = FastAPI(exception_handlers=HANDLERS)
    app.state.settings = settings
    app.state.sessions = session_factory(engine)
    app.state.reading_sessions = reading_session_factory(engine)
    app.include_router(datasets.router)
    rules = EdgeRules(hosts=("testserver",), origins=(), body_limit=lambda _: settings.max_body_bytes)
    app.add_middleware(RequestEdge, rules=rules)
    yield app
    engine.dispose()


class Client:
    """Asks the app without a socket; each request has an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def delete(self, url: str) -> httpx.Response:
        return self.request("DELETE", url)


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)


def post(client: Client, content: bytes | str, media_type: str = CSV, query: str = "") -> httpx.Response:
    data = content.encode() if isinstance(content, str) else content
    return client.post(URL + query, content=data, headers={"Content-Type": media_type})


def made(client: Client, content: bytes = ABC, query: str = "?name=abc") -> dict[str, Any]:
    response = post(client, content, query=query)
    assert response.status_code == 201, response.text
    return dict(response.json())


def kept(app: FastAPI) -> tuple[int, int]:
    with app.state.sessions() as session:
        counts = [session.execute(select(func.count()).select_from(row)).scalar_one() for row in (DatasetRow, BlobRow)]
    return counts[0], counts[1]


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_concrete_is_stored_with_its_columns_and_can_be_read_back(client: Client) -> None:
    data = (DATA / "concrete.csv").read_bytes()
    response = post(client, data, query="?name=concrete")
    body = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{URL}/{body['id']}"
    assert (body["name"], body["rows"], body["bytes"], len(body["sha256"])) == ("concrete", 1030, len(data), 64)
    age = next(column for column in body["columns"] if column["name"] == "age")
    assert (age["type"], age["min"], age["max"], age["distinct"], age["missing"]) == ("number", 1.0, 365.0, 14, 0)
    assert sum(age["histogram"]["counts"]) == 1030
    again = client.get(response.headers["Location"])
    assert again.json() == body
    assert again.headers["ETag"] == response.headers["ETag"]


UPLOADS = [
    (ABC, CSV),
    (b"\xef\xbb\xbfa;b\r\n1;x\r\n2;y\r\nNA;z\r\n", "text/csv; charset=UTF-8"),
    (b'{"columns": {"a": [1, 2, null], "b": ["x", "y", "z"]}}', "application/json"),
    (b'{"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": null, "b": "z"}]}', "application/json"),
    (b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n{"a": null, "b": "z"}\n', NDJSON),
    (parquet(pl.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"]})), PARQUET),
]


@pytest.mark.parametrize(("content", "media_type"), UPLOADS, ids=range(len(UPLOADS)))
def test_every_format_gives_the_same_rows(client: Client, content: bytes, media_type: str) -> None:
    response = post(client, content, media_type)
    assert response.status_code == 201, response.text
    rows = client.get(f"{response.headers['Location']}/rows").json()
    assert (rows["columns"], rows["rows"]) == (["a", "b"], [[1.0, "x"], [2.0, "y"], [None, "z"]])


@pytest.mark.parametrize(
    ("file_name", "media_type", "content"),
    [
        ("abc.csv", "application/octet-stream", ABC),
        ("abc.tsv", "application/vnd.ms-excel", ABC.replace(b",", b"\t")),
        ("abc", "text/csv", ABC),
        ("C:\\fakepath\\abc.parquet", "", UPLOADS[5][0]),
        ("abc.jsonl", "text/plain", UPLOADS[4][0]),
    ],
)
def test_form_file_is_read_by_its_type_or_name(client: Client, file_name: str, media_type: str, content: bytes) -> None:
    response = client.post(URL, files={"file": (file_name, content, media_type)})
    assert response.status_code == 201, response.text
    assert (response.json()["name"], response.json()["rows"]) == ("abc", 3)


def test_gzip_body_is_unpacked(client: Client) -> None:
    headers = {"Content-Type": CSV, "Content-Encoding": "gzip"}
    response = client.post(URL, content=gzip.compress(ABC), headers=headers)
    assert (response.status_code, response.json()["bytes"]) == (201, len(ABC))


def test_generator_gives_the_same_table_for_the_same_seed(client: Client, app: FastAPI) -> None:
    generator = {"expression": "exp(sin(pi*x1)+x2**2)", "ranges": {"x1": [-1, 1], "x2": [-1, 1]}, "rows": 100}
    body = json.dumps({"name": "toy", "generator": generator, "units": {"y": "m"}})
    first, second = (post(client, body, "application/json").json() for _ in range(2))
    assert [column["name"] for column in first["columns"]] == ["x1", "x2", "y"]
    assert (first["name"], first["units"]) == ("toy", {"y": "m"})
    assert first["id"] != second["id"]
    assert kept(app) == (2, 1)


@pytest.mark.parametrize("name", ["../../etc/passwd", '"><script>alert(1)</script>', "größe 名前", "a" * 200])
def test_visible_name_is_kept_as_given(client: Client, name: str) -> None:
    body = json.dumps({"name": name, "columns": {"a": [1, 2]}})
    response = post(client, body, "application/json")
    assert (response.status_code, response.json()["name"]) == (201, name)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["", "a\0b", "a\r\nb", "a" * 300, "\ud800"])
def test_illegal_name_is_refused(client: Client, app: FastAPI, name: str) -> None:
    body = json.dumps({"name": name, "columns": {"a": [1, 2]}})
    response = post(client, body, "application/json")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/name")
    assert kept(app) == (0, 0)


def test_illegal_name_in_the_query_is_refused(client: Client) -> None:
    response = post(client, ABC, query="?name=" + "a" * 300)
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
]


@pytest.mark.parametrize(("content", "media_type", "status", "words"), REFUSED, ids=range(len(REFUSED)))
def test_bad_upload_is_a_problem_and_leaves_nothing(
    client: Client, app: FastAPI, content: bytes, media_type: str, status: int, words: str
) -> None:
    response = post(client, content, media_type)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert words in problem["detail"]
    assert problem["status"] == status
    assert kept(app) == (0, 0)


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"other": ("a.csv", ABC, CSV)}, 422),
        ({"file": ("a.npz", ABC, "application/octet-stream")}, 415),
        ({"file": ("a.zip", ABC, "application/zip")}, 415),
    ],
)
def test_form_without_a_readable_file_is_refused(
    client: Client, app: FastAPI, files: dict[str, Any], status: int
) -> None:
    assert client.post(URL, files=files).status_code == status
    assert kept(app) == (0, 0)


def test_gzip_bomb_is_refused_by_its_unpacked_size(client: Client, app: FastAPI) -> None:
    headers = {"Content-Type": CSV, "Content-Encoding": "gzip"}
    response = client.post(URL, content=gzip.compress(b"a\n" + b"1\n" * (8 << 20)), headers=headers)
    assert response.status_code == 413
    assert kept(app) == (0, 0)


def test_list_goes_from_page_to_page_newest_first(client: Client) -> None:
    ids = [made(client, query=f"?name=n{number}")["id"] for number in range(3)]
    first = client.get(URL, params={"limit": 2}).json()
    second = client.get(URL, params={"limit": 2, "after": first["next_cursor"]}).json()
    assert [item["id"] for item in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=nonsense", "after=%00"])
def test_list_with_a_bad_parameter_is_refused(client: Client, query: str) -> None:
    assert client.get(f"{URL}?{query}").status_code == 422


def test_known_etag_is_answered_with_304(client: Client) -> None:
    address = f"{URL}/{made(client)['id']}"
    for path in (address, f"{address}/rows"):
        etag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("media_type", [CSV, NDJSON, PARQUET])
def test_rows_in_every_format_can_be_uploaded_again(client: Client, media_type: str) -> None:
    address = f"{URL}/{made(client, (DATA / 'penguins.csv').read_bytes())['id']}/rows"
    answer = client.get(address, headers={"Accept": media_type})
    assert answer.headers["Content-Type"].startswith(media_type)
    copy = post(client, answer.content, media_type).headers["Location"]
    assert client.get(f"{copy}/rows").json()["rows"] == client.get(address).json()["rows"]


def test_rows_are_cut_by_offset_and_limit(client: Client) -> None:
    address = f"{URL}/{made(client)['id']}/rows"
    part = client.get(address, params={"offset": 1, "limit": 1}).json()
    assert (part["rows"], part["offset"], part["total"]) == ([[2.0, "y"]], 1, 3)
    assert client.get(address, params={"offset": 99}).json()["rows"] == []
    assert client.get(address, params={"offset": -1}).status_code == 422


def test_csv_text_that_a_spreadsheet_would_run_gets_an_apostrophe(client: Client) -> None:
    content = b'"=HYPERLINK(1)",b\n"=1+1",-5\n"@cmd",-6\n"x ""y""",7\n"\'quoted",8\n'
    answer = client.get(f"{URL}/{made(client, content)['id']}/rows", headers={"Accept": CSV})
    assert answer.text.splitlines() == [
        '"\'=HYPERLINK(1)","b"',
        '"\'=1+1",-5.0',
        '"\'@cmd",-6.0',
        '"x ""y""",7.0',
        '"\'quoted",8.0',
    ]


def test_unknown_accept_is_refused_with_the_offered_formats(client: Client) -> None:
    response = client.get(f"{URL}/{made(client)['id']}/rows", headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert CSV in response.json()["detail"]


@pytest.mark.parametrize("dataset_id", ["ds_00000000000000000000000000", "x", "..%2f..%2fetc", "%00", "a" * 300])
@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("GET", "/rows"), ("DELETE", "")])
def test_unknown_id_is_404(client: Client, dataset_id: str, method: str, rest: str) -> None:
    assert client.request(method, f"{URL}/{dataset_id}{rest}").status_code == 404


def test_deleted_data_set_is_gone(client: Client) -> None:
    address = f"{URL}/{made(client)['id']}"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404


def test_uploads_at_the_same_time_are_all_kept(client: Client, app: FastAPI) -> None:
    threads = [threading.Thread(target=post, args=(client, ABC, CSV, f"?name=n{i}")) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert kept(app) == (4, 1)
