"""Data sets over HTTP: every format in and out, names, lists, ETags, keys, delete; on both databases."""

from __future__ import annotations

import gzip
import io
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.service.api.datasets.conftest import Client

DATA = Path(__file__).parents[4] / "examples" / "data"
URL = "/v1/datasets"
CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
ABC = b"a,b\n1,x\n2,y\n,z\n"


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_concrete_is_stored_with_its_columns_and_can_be_read_back(client: Client) -> None:
    data = (DATA / "concrete.csv").read_bytes()
    response = client.upload(data, query="?name=concrete")
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
    response = client.upload(content, media_type)
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


def test_generator_gives_the_same_table_for_the_same_seed(client: Client) -> None:
    generator = {"expression": "exp(sin(pi*x1)+x2**2)", "ranges": {"x1": [-1, 1], "x2": [-1, 1]}, "rows": 100}
    body = json.dumps({"name": "toy", "generator": generator, "units": {"y": "m"}})
    first, second = (client.upload(body, "application/json").json() for _ in range(2))
    assert [column["name"] for column in first["columns"]] == ["x1", "x2", "y"]
    assert (first["name"], first["units"]) == ("toy", {"y": "m"})
    assert first["id"] != second["id"]
    assert client.kept() == (2, 1)


@pytest.mark.parametrize("name", ["../../etc/passwd", '"><script>alert(1)</script>', "größe 名前", "a" * 200])
def test_visible_name_is_kept_as_given(client: Client, name: str) -> None:
    body = json.dumps({"name": name, "columns": {"a": [1, 2]}})
    response = client.upload(body, "application/json")
    assert (response.status_code, response.json()["name"]) == (201, name)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_same_idempotency_key_makes_one_data_set(client: Client) -> None:
    headers = {"Content-Type": CSV, "Idempotency-Key": "k1"}
    first, second = (client.post(f"{URL}?name=abc", content=ABC, headers=headers) for _ in range(2))
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["ETag"] == first.headers["ETag"] == client.get(first.headers["Location"]).headers["ETag"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert client.kept() == (1, 1)


def test_idempotency_key_with_another_body_is_refused(client: Client) -> None:
    headers = {"Content-Type": CSV, "Idempotency-Key": "k1"}
    client.post(URL, content=ABC, headers=headers)
    assert client.post(URL, content=ABC + b"4,w\n", headers=headers).status_code == 422
    assert client.post(f"{URL}?name=other", content=ABC, headers=headers).status_code == 422
    assert client.kept() == (1, 1)


def test_idempotency_key_of_a_refused_upload_can_be_used_again(client: Client) -> None:
    headers = {"Content-Type": CSV, "Idempotency-Key": "k1"}
    assert client.post(URL, content=b"a,a\n1,2\n", headers=headers).status_code == 422
    assert client.post(URL, content=ABC, headers=headers).status_code == 201


def test_illegal_idempotency_key_is_refused(client: Client) -> None:
    for key in ("k" * 201, "", "two words"):
        refused = client.post(URL, content=ABC, headers={"Content-Type": CSV, "Idempotency-Key": key})
        assert (refused.status_code, refused.json()["type"]) == (422, "/errors#invalid-request")
        assert refused.json()["errors"][0]["pointer"] == "Idempotency-Key:"


def test_list_goes_from_page_to_page_newest_first(client: Client) -> None:
    ids = [client.made(ABC, query=f"?name=n{number}")["id"] for number in range(3)]
    first = client.get(URL, params={"limit": 2}).json()
    second = client.get(URL, params={"limit": 2, "after": first["next_cursor"]}).json()
    assert [item["id"] for item in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=nonsense", "after=%00"])
def test_list_with_a_bad_parameter_is_refused(client: Client, query: str) -> None:
    assert client.get(f"{URL}?{query}").status_code == 422


def test_known_etag_is_answered_with_304(client: Client) -> None:
    address = f"{URL}/{client.made(ABC)['id']}"
    for path in (address, f"{address}/rows"):
        etag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("media_type", [CSV, NDJSON, PARQUET])
def test_rows_in_every_format_can_be_uploaded_again(client: Client, media_type: str) -> None:
    address = f"{URL}/{client.made((DATA / 'penguins.csv').read_bytes())['id']}/rows"
    answer = client.get(address, headers={"Accept": media_type})
    assert answer.headers["Content-Type"].startswith(media_type)
    copy = client.upload(answer.content, media_type).headers["Location"]
    assert client.get(f"{copy}/rows").json()["rows"] == client.get(address).json()["rows"]


def test_rows_are_cut_by_offset_and_limit(client: Client) -> None:
    address = f"{URL}/{client.made(ABC)['id']}/rows"
    part = client.get(address, params={"offset": 1, "limit": 1}).json()
    assert (part["rows"], part["offset"], part["total"]) == ([[2.0, "y"]], 1, 3)
    assert client.get(address, params={"offset": 99}).json()["rows"] == []
    assert client.get(address, params={"offset": -1}).status_code == 422


def test_csv_text_that_a_spreadsheet_would_run_gets_an_apostrophe(client: Client) -> None:
    content = b'"=HYPERLINK(1)",b\n"=1+1",-5\n"@cmd",-6\n"x ""y""",7\n"\'quoted",8\n'
    answer = client.get(f"{URL}/{client.made(content)['id']}/rows", headers={"Accept": CSV})
    assert answer.text.splitlines() == [
        '"\'=HYPERLINK(1)","b"',
        '"\'=1+1",-5.0',
        '"\'@cmd",-6.0',
        '"x ""y""",7.0',
        '"\'quoted",8.0',
    ]


def test_unknown_accept_is_refused_with_the_offered_formats(client: Client) -> None:
    response = client.get(f"{URL}/{client.made(ABC)['id']}/rows", headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert CSV in response.json()["detail"]


@pytest.mark.parametrize("dataset_id", ["ds_00000000000000000000000000", "x", "..%2f..%2fetc", "%00", "a" * 300])
@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("GET", "/rows"), ("DELETE", "")])
def test_unknown_id_is_404(client: Client, dataset_id: str, method: str, rest: str) -> None:
    assert client.request(method, f"{URL}/{dataset_id}{rest}").status_code == 404


def test_deleted_data_set_is_gone(client: Client) -> None:
    address = f"{URL}/{client.made(ABC)['id']}"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404


def test_uploads_at_the_same_time_are_all_kept(client: Client) -> None:
    threads = [threading.Thread(target=client.upload, args=(ABC, CSV, f"?name=n{i}")) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert client.kept() == (4, 1)
