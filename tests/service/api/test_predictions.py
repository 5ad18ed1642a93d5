"""Predictions over HTTP: every way in gives one answer; every bad row is refused with its path."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

from kan.compiled_predictor import Predictor
from kan.encoding import decode, encode
from kan.state import NetworkState

URL = "/v1/models/concrete/versions/latest/predict"
ROW: list[Any] = [300.0, 28, "north", 180.5]
COLUMNS: dict[str, list[Any]] = {
    "cement": [300.0, 410.5],
    "age": [28, 90],
    "site": ["north", None],
    "water": [180.5, None],
}
ROWS: list[list[Any]] = [ROW, [410.5, 90, None, None]]


@pytest.fixture
def concrete(publish: Any, regression: NetworkState) -> NetworkState:
    publish(regression)
    return regression


def predictions(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


def fault(response: httpx.Response, status: int = 422) -> dict[str, str]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return dict(response.json()["errors"][0])


def test_rows_give_what_the_library_gives(api: Any, concrete: NetworkState) -> None:
    table = {
        "cement": np.array([300.0, 410.5]),
        "age": np.array([28.0, 90.0]),
        "site": np.array(["north", None], dtype=object),
        "water": np.array([180.5, np.nan]),
    }
    assert concrete.encoding is not None
    expected = decode(concrete.encoding, Predictor(concrete).evaluate(encode(concrete.encoding, table)))
    response = api.post(URL, json={"rows": ROWS})
    assert predictions(response) == expected.tolist()
    body = response.json()
    assert (body["model"], body["version"], body["outputs"]) == ("concrete", 1, ["strength"])
    assert body["domain"] == {"policy": "warn", "outside": [], "outside_count": 0}


def test_every_format_gives_the_same_numbers(api: Any, concrete: NetworkState) -> None:
    expected = predictions(api.post(URL, json={"rows": ROWS}))
    names = list(COLUMNS)
    turned = {"columns": {name: COLUMNS[name] for name in reversed(names)}}
    objects: dict[str, list[Any]] = {"rows": [dict(zip(names, row, strict=True)) for row in ROWS]}
    csv = "age;site;cement;water\r\n28;north;300;180.5\r\n90;;410.5;NA\r\n"
    ndjson = "\n".join(httpx.Request("POST", "http://x", json=row).content.decode() for row in objects["rows"])
    parquet_path = pl.DataFrame(COLUMNS, strict=False)
    assert predictions(api.post(URL, json=turned)) == expected
    assert predictions(api.post(URL, json=objects)) == expected
    assert predictions(api.post(URL, content=csv, headers={"Content-Type": "text/csv"})) == expected
    assert predictions(api.post(URL, content=ndjson, headers={"Content-Type": "application/x-ndjson"})) == expected
    buffer = parquet_bytes(parquet_path)
    parquet = api.post(URL, content=buffer, headers={"Content-Type": "application/vnd.apache.parquet"})
    assert predictions(parquet) == expected


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_get_gives_the_same_bytes_as_post(api: Any, concrete: NetworkState) -> None:
    posted = api.post(URL, json={"rows": [ROW]})
    asked = api.get(URL, params={"cement": "300", "age": "28", "site": "north", "water": "180.5"})
    assert asked.content == posted.content


def test_get_takes_an_empty_parameter_as_missing(api: Any, concrete: NetworkState) -> None:
    posted = api.post(URL, json={"rows": [[300.0, 28, None, None]]})
    assert api.get(URL + "?cement=300&age=28&site=&water=").content == posted.content


def test_get_of_a_number_may_be_cached_for_ever(api: Any, concrete: NetworkState) -> None:
    url = URL.replace("latest", "1") + "?cement=300&age=28&site=north&water=180.5"
    response = api.get(url)
    assert "immutable" in response.headers["cache-control"]
    again = api.get(url, headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_get_of_latest_says_where_it_stands(api: Any, concrete: NetworkState) -> None:
    response = api.get(URL + "?cement=300&age=28&site=north&water=180.5")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-location"].startswith("/v1/models/concrete/versions/1/predict?")


def test_a_row_alone_equals_the_same_row_among_many(api: Any, concrete: NetworkState) -> None:
    many = predictions(api.post(URL, json={"rows": [ROW, *ROWS * 40]}))
    assert predictions(api.post(URL, json={"rows": [ROW]}))[0] == many[0]


def test_no_rows_give_no_predictions(api: Any, concrete: NetworkState) -> None:
    assert predictions(api.post(URL, json={"rows": []})) == []


@pytest.mark.parametrize(
    ("row", "pointer", "code"),
    [
        ([300.0, 28, "north"], "/rows/1", "wrong_length"),
        ([300.0, 28, "north", 1, 2], "/rows/1", "wrong_length"),
        (["300", 28, "north", 1], "/rows/1/0", "not_a_number"),
        ([True, 28, "north", 1], "/rows/1/0", "not_a_number"),
        ([None, 28, "north", 1], "/rows/1/0", "not_a_number"),
        ([300.0, 28, 5, 1], "/rows/1/2", "not_text"),
        ([300.0, 28, "north", [1]], "/rows/1/3", "not_a_number"),
        ([1e200, 28, "north", 1], "/rows/1/0", "not_finite"),
        (7, "/rows/1", "wrong_length"),
    ],
)
def test_a_bad_row_is_refused_with_its_path(
    api: Any, concrete: NetworkState, row: Any, pointer: str, code: str
) -> None:
    found = fault(api.post(URL, json={"rows": [ROW, row]}))
    assert (found["pointer"], found["code"]) == (pointer, code)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_is_not_finite_is_refused_with_its_path(api: Any, concrete: NetworkState, word: str) -> None:
    body = f'{{"rows": [[300.0, 28, "north", {word}]]}}'
    found = fault(api.post(URL, content=body, headers={"Content-Type": "application/json"}))
    assert (found["pointer"], found["code"]) == ("/rows/0/3", "not_finite")


def test_a_wrong_value_in_named_columns_is_refused_with_its_path(api: Any, concrete: NetworkState) -> None:
    found = fault(api.post(URL, json={"columns": {**COLUMNS, "age": [1, "x"]}}))
    assert found["pointer"] == "/columns/age/1"
    found = fault(api.post(URL, json={"columns": {**COLUMNS, "age": [1]}}))
    assert (found["pointer"], found["code"]) == ("/columns/age", "ragged_column")


def test_missing_and_unknown_columns_are_named_with_the_expected_ones(api: Any, concrete: NetworkState) -> None:
    columns = {"cement": [1.0], "age": [1], "site": ["north"], "wasser": [1]}
    response = api.post(URL, json={"columns": columns})
    codes = {item["code"] for item in response.json()["errors"]}
    assert codes == {"missing_column", "unknown_column"}
    assert "4 (cement, age, site, water)" in response.json()["detail"]


def test_text_in_csv_is_refused_by_line_and_column(api: Any, concrete: NetworkState) -> None:
    csv = "cement,age,site,water\n300,28,north,1\n300,x,north,1\n"
    found = fault(api.post(URL, content=csv, headers={"Content-Type": "text/csv"}))
    assert (found["pointer"], found["code"]) == ("/lines/3/age", "not_a_number")


def test_broken_json_is_400(api: Any, concrete: NetworkState) -> None:
    for body in ('{"rows": [[1,', "", b"\xff\xfe", '{"rows": ' + "[" * 100_000):
        response = api.post(URL, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400, body[:20]
        assert response.json()["type"] == "/errors#malformed-body"


@pytest.mark.parametrize("body", [{}, {"rows": [], "columns": {}}, {"lines": []}, [], {"rows": 3}, {"columns": []}])
def test_another_shape_is_422(api: Any, concrete: NetworkState, body: Any) -> None:
    assert api.post(URL, json=body).status_code == 422


def test_another_content_type_is_415_and_another_accept_406(api: Any, concrete: NetworkState) -> None:
    assert api.post(URL, content=b"x", headers={"Content-Type": "application/zip"}).status_code == 415
    assert api.post(URL, json={"rows": []}, headers={"Accept": "image/png"}).status_code == 406


def test_values_outside_training_are_flagged(api: Any, concrete: NetworkState) -> None:
    rows = [ROW, [50.0, 28, "east", None]]
    domain = api.post(URL, json={"rows": rows}).json()["domain"]
    assert domain == {
        "policy": "warn",
        "outside": [
            {"row": 1, "input": "cement", "range": [100.0, 500.0], "reason": "out_of_range"},
            {"row": 1, "input": "site", "range": None, "reason": "unseen_category"},
        ],
        "outside_count": 2,
    }


def test_values_outside_training_can_be_refused_or_clamped(api: Any, concrete: NetworkState) -> None:
    rows = {"rows": [[50.0, 28, "north", 180.5]]}
    found = fault(api.post(URL + "?domain=reject", json=rows))
    assert (found["pointer"], found["code"]) == ("/rows/0/0", "out_of_range")
    clamped = predictions(api.post(URL + "?domain=clamp", json=rows))
    assert clamped == predictions(api.post(URL, json={"rows": [[100.0, 28, "north", 180.5]]}))
    assert api.post(URL + "?domain=maybe", json=rows).status_code == 422
    assert api.post(URL + "?interval=0.9", json=rows).status_code == 422


def test_an_option_that_is_sent_twice_is_refused(api: Any, concrete: NetworkState) -> None:
    response = api.post(f"{URL}?domain=reject&domain=warn", json={"rows": []})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "?domain")


def test_classification_adds_probabilities_and_classes(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    body = api.post(URL, json={"rows": [[0.1, 0.2], [-0.5, 0.9]]}).json()
    assert body["classes"] == ["a", "b", "=c"]
    for (label,), shares in zip(body["predictions"], body["probabilities"], strict=True):
        assert label == body["classes"][int(np.argmax(shares))]
        assert sum(shares) == pytest.approx(1.0, abs=1e-12)


def test_a_column_named_like_an_option_is_written_with_input(
    api: Any, publish: Any, classification: NetworkState
) -> None:
    publish(classification)
    posted = api.post(URL, json={"rows": [[0.1, 0.2]]})
    assert api.get(URL + "?x=0.1&input.domain=0.2&domain=warn").content == posted.content
    assert api.get(URL + "?x=0.1&domain=0.2").status_code == 422
    assert api.get(URL + "?x=0.1&x=0.2&input.domain=0.2").status_code == 422


def test_csv_out_holds_no_formula(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    response = api.post(URL, json={"rows": [[0.1, 0.2]]}, headers={"Accept": "text/csv"})
    header, row = response.text.splitlines()
    assert header == '"kind","probability(a)","probability(b)","probability(=c)"'
    assert not row.startswith(("=", '"='))


def test_too_many_rows_are_413(api: Any, concrete: NetworkState) -> None:
    response = api.post(URL, json={"rows": [ROW] * 100_001})
    assert response.status_code == 413


def test_too_many_bytes_are_413(api: Any, concrete: NetworkState) -> None:
    async def chunks() -> Any:
        for _ in range(33):
            yield b" " * 2**20

    response = api.post(URL, content=chunks(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.json()["type"] == "/errors#body-too-large"


def test_unknown_models_and_versions_are_404(api: Any, concrete: NetworkState) -> None:
    for path in ("nope/versions/1", "concrete/versions/2", "concrete/versions/x", "..%2f..%2fetc/versions/1"):
        response = api.post(f"/v1/models/{path}/predict", json={"rows": []})
        assert response.status_code == 404, path
        assert response.headers["content-type"] == "application/problem+json"
