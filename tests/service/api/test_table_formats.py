"""Every format in and out: what goes out comes in again as the same table, for data sets and predictions."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState
from service.api.table_formats import FILE_FORMATS, table_bytes
from service.domain.tables.upload import ARROW, CSV, NPY

COLUMNS: dict[str, list[Any]] = {"x €": [1.5, None, -3.0], "site": ["north", "süd", None], "y": [1.0, 2.0, 3.0]}
PREDICT = "/v1/models/concrete/versions/1/predict"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The kind of database does not matter here."""
    return sqlite_url


@pytest.mark.parametrize("media_type", FILE_FORMATS)
def test_rows_that_go_out_come_in_again(api: Any, media_type: str) -> None:
    first = api.post("/v1/datasets?name=a", json={"columns": COLUMNS}).json()["id"]
    out = api.get(f"/v1/datasets/{first}/rows", headers={"Accept": media_type})
    assert (out.status_code, out.headers["content-type"].partition(";")[0]) == (200, media_type)
    packed = {"Content-Type": media_type, "Content-Encoding": "gzip"}
    again = api.post("/v1/datasets?name=b", content=gzip.compress(out.content), headers=packed).json()["id"]
    assert api.get(f"/v1/datasets/{again}/rows").json()["rows"] == api.get(f"/v1/datasets/{first}/rows").json()["rows"]


@pytest.mark.parametrize(("media_type", "ending"), [(ARROW, "arrows"), (NPY, "npy")])
def test_a_form_tells_the_format_by_the_name_of_its_file(api: Any, media_type: str, ending: str) -> None:
    content = table_bytes(pl.DataFrame({"a": [1.0, 2.0]}), media_type)
    made = api.post("/v1/datasets", files={"file": (f"some.{ending}", content, "application/x-unknown")})
    assert (made.status_code, made.json()["name"], made.json()["rows"]) == (201, "some", 2)


def test_a_matrix_is_predicted_in_the_order_of_the_signature(api: Any, publish: Any, network_of: Any) -> None:
    inputs = tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in ("a", "b"))
    publish(network_of(inputs, (NumberOutput("y", 0.0, 1.0),)))
    rows = np.array([[0.1, 0.2], [-0.5, 0.9]])
    buffer = io.BytesIO()
    np.save(buffer, rows)
    said = api.post(PREDICT, json={"rows": rows.tolist()}).json()["predictions"]
    answer = api.post(PREDICT, content=buffer.getvalue(), headers={"Content-Type": NPY, "Accept": NPY})
    np.testing.assert_array_equal(np.load(io.BytesIO(answer.content), allow_pickle=False), said)


def test_text_and_missing_values_are_predicted_from_arrow(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    columns = {"water": [180.5, None], "age": [28, 90], "site": ["north", None], "cement": [300.0, 410.5]}
    content = table_bytes(pl.DataFrame(columns, strict=False), ARROW)
    said = api.post(PREDICT, json={"columns": columns}).json()["predictions"]
    answer = api.post(PREDICT, content=content, headers={"Content-Type": ARROW, "Accept": ARROW})
    assert pl.read_ipc_stream(io.BytesIO(answer.content))["strength"].to_list() == [value for (value,) in said]


def test_rows_of_a_form_are_predicted(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    said = api.post(PREDICT, json={"rows": [[0.1, 0.2]]}).json()["predictions"]
    for ending, media_type in (("arrow", ARROW), ("npy", NPY)):
        content = table_bytes(pl.DataFrame({"x": [0.1], "domain": [0.2]}), media_type)
        answer = api.post(PREDICT, files={"file": (f"rows.{ending}", content)})
        assert answer.json()["predictions"] == said


def test_classes_go_out_as_a_structure(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    answer = api.post(PREDICT, json={"rows": [[0.1, 0.2]]}, headers={"Accept": NPY})
    found = np.load(io.BytesIO(answer.content), allow_pickle=False)
    assert found.dtype.names == ("kind", "probability(a)", "probability(b)", "probability(=c)")
    assert str(found["kind"][0]) in ("a", "b", "=c")


def test_names_that_are_made_harmless_stay_apart() -> None:
    frame = pl.DataFrame({"=a": [1.0], "'=a": [2.0], "''=a": [3.0], "+b": [4.0], "a": [5.0]})
    header = table_bytes(frame, CSV).decode().splitlines()[0]
    assert header.replace('"', "").split(",") == ["'''=a", "'=a", "''=a", "'+b", "a"]


def test_bytes_that_are_not_what_they_say_are_400_and_objects_422(api: Any) -> None:
    for media_type in (ARROW, NPY):
        response = api.post("/v1/datasets", content=b"x" * 100, headers={"Content-Type": media_type})
        assert (response.status_code, response.json()["type"]) == (400, "/errors#malformed-body")
    buffer = io.BytesIO()
    np.save(buffer, np.array([object()], dtype=object), allow_pickle=True)
    response = api.post("/v1/datasets", content=buffer.getvalue(), headers={"Content-Type": NPY})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "unknown_type")


def test_refusals_name_what_is_possible(api: Any) -> None:
    refused = api.post("/v1/datasets", content=b"x", headers={"Content-Type": "application/zip"})
    assert (refused.status_code, all(media in refused.json()["detail"] for media in FILE_FORMATS)) == (415, True)
    made = api.post("/v1/datasets?name=a", json={"columns": COLUMNS}).json()["id"]
    refused = api.get(f"/v1/datasets/{made}/rows", headers={"Accept": "image/png"})
    assert (refused.status_code, all(media in refused.json()["detail"] for media in FILE_FORMATS)) == (406, True)


def test_a_long_text_in_many_rows_is_no_array(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.table_formats._MAX_TEXT_BYTES", 50)
    made = api.post("/v1/datasets?name=a", json={"columns": COLUMNS}).json()["id"]
    response = api.get(f"/v1/datasets/{made}/rows", headers={"Accept": NPY})
    assert (response.status_code, response.json()["type"]) == (413, "/errors#body-too-large")


def test_units_go_with_a_table_of_any_format(api: Any) -> None:
    units = {"a b": "kg/m³"}
    content = table_bytes(pl.DataFrame({"a b": [1.0, 2.0], "c": [3.0, 4.0]}), ARROW)
    told = api.post(f"/v1/datasets?units={quote(json.dumps(units))}", content=content, headers={"Content-Type": ARROW})
    assert (told.status_code, told.json()["units"]) == (201, units)
    form = api.post("/v1/datasets", files={"file": ("a.csv", b"a b,c\n1,2\n3,4\n")}, data={"units": json.dumps(units)})
    assert form.json()["units"] == units


def test_units_that_are_none_are_refused(api: Any) -> None:
    for units in ("x", "[1]", '{"nope": "m"}', '{"a": 3}', '{"a": "\\u0000"}', "[" * 5_000):
        url = f"/v1/datasets?units={quote(units)}"
        response = api.post(url, content="a\n1\n2\n", headers={"Content-Type": "text/csv"})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "?units"), units
    assert api.get("/v1/datasets").json()["data"] == []
