"""Predictions of a stored data set: parts, residuals, formats."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.split import Part
from kan.state import NetworkState
from service.api import predictions
from service.domain.tables.upload import NPY, PARQUET

BASE = "/v1/models/concrete/versions/1"
PARTS = np.array([Part.TRAIN, Part.TEST, Part.VALIDATION, Part.TEST, Part.UNUSED], dtype=np.uint8)


@pytest.fixture
def dataset(api: Any, publish: Any, network_of: Any) -> str:
    table = {"columns": {"y": [1.0, 2.0, 3.0, 4.0, None], "x": [0.1, 0.2, -0.3, 0.4, 0.5], "z": list("abcba")}}
    found = api.post("/v1/datasets?name=a", json=table)
    assert found.status_code == 201, found.text
    state = network_of((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    publish(state, dataset_id=found.json()["id"], split=PARTS.tobytes())
    return str(found.json()["id"])


def test_predictions_stand_beside_actual_values(api: Any, dataset: str) -> None:
    body = api.get(f"{BASE}/predictions?dataset={dataset}").json()
    said = api.post(BASE + "/predict", json={"rows": [[0.1], [0.2], [-0.3], [0.4], [0.5]]}).json()["predictions"]
    assert (body["total"], body["rows"], body["predictions"]) == (5, [0, 1, 2, 3, 4], said)
    assert body["actual"] == [[1.0], [2.0], [3.0], [4.0], [None]]
    assert body["residual"][0] == [1.0 - said[0][0]]
    assert body["residual"][4] == [None]


@pytest.mark.parametrize(("part", "rows"), [("train", [0]), ("validation", [2]), ("test", [1, 3])])
def test_a_part_gives_its_rows(api: Any, dataset: str, part: str, rows: list[int]) -> None:
    assert api.get(f"{BASE}/predictions?dataset={dataset}&split={part}").json()["rows"] == rows


def test_pages_of_a_part(api: Any, dataset: str) -> None:
    body = api.get(f"{BASE}/predictions?dataset={dataset}&split=test&offset=1&limit=1").json()
    assert (body["rows"], body["total"]) == ([3], 2)
    assert api.get(f"{BASE}/predictions?dataset={dataset}&offset=9").json()["rows"] == []


def test_csv_has_a_line_per_row(api: Any, dataset: str) -> None:
    response = api.get(f"{BASE}/predictions?dataset={dataset}&split=test", headers={"Accept": "text/csv"})
    lines = response.text.splitlines()
    assert lines[0] == '"row","prediction","actual","residual"'
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "3"]


def parquet(api: Any, url: str) -> pl.DataFrame:
    answer = api.get(url, headers={"Accept": PARQUET})
    assert answer.status_code == 200, answer.text
    return pl.read_parquet(io.BytesIO(answer.content))


@pytest.mark.parametrize(("page", "rows"), [("offset=9", 0), ("offset=4&limit=1", 1)])
def test_a_page_without_known_values_has_the_columns_of_every_page(
    api: Any, dataset: str, page: str, rows: int
) -> None:
    url = f"{BASE}/predictions?dataset={dataset}"
    assert parquet(api, f"{url}&{page}").schema == parquet(api, url).schema
    answer = api.get(f"{url}&{page}", headers={"Accept": NPY})
    assert answer.status_code == 200, answer.text
    assert np.load(io.BytesIO(answer.content)).shape == (rows, 4)


def test_classes_that_are_not_known_are_texts(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    columns = {"x": [0.1, 0.2], "domain": [0.3, -0.4], "kind": ["a", None]}
    made = api.post("/v1/datasets?name=a", json={"columns": columns}).json()["id"]
    url = f"{BASE}/predictions?dataset={made}"
    assert parquet(api, url)["actual"].to_list() == ["a", None]
    for page, actual in (("offset=1", [""]), ("offset=2", [])):
        assert parquet(api, f"{url}&{page}").schema == parquet(api, url).schema
        found = np.load(io.BytesIO(api.get(f"{url}&{page}", headers={"Accept": NPY}).content))
        assert found["actual"].tolist() == actual


def test_another_data_set_has_no_parts(api: Any, dataset: str) -> None:
    other = api.post("/v1/datasets?name=b", json={"columns": {"x": [0.3, 0.1], "q": [1, 2]}}).json()["id"]
    assert api.get(f"{BASE}/predictions?dataset={other}&split=test").status_code == 422
    assert api.get(f"{BASE}/predictions?dataset={other}").json()["actual"] is None


def test_what_a_client_holds_already_is_not_computed_again_and_gone_with_its_data_set(
    api: Any, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{BASE}/predictions?dataset={dataset}"
    known = {"If-None-Match": api.get(url).headers["etag"]}
    reads: list[object] = []
    monkeypatch.setattr(predictions, "predict_stored", lambda *what, **_: reads.append(what))
    assert (api.get(url, headers=known).status_code, reads) == (304, [])
    assert api.delete(f"/v1/datasets/{dataset}?force=true").status_code == 204
    assert api.get(url, headers=known).status_code == 404


def test_a_data_set_without_the_columns_is_refused(api: Any, dataset: str) -> None:
    other = api.post("/v1/datasets?name=b", json={"columns": {"q": [1, 2]}}).json()["id"]
    assert api.get(f"{BASE}/predictions?dataset={other}").status_code == 422
    text = api.post("/v1/datasets?name=b", json={"columns": {"x": ["a", "b"]}}).json()["id"]
    assert api.get(f"{BASE}/predictions?dataset={text}").status_code == 422


def test_an_unknown_data_set_is_404(api: Any, dataset: str) -> None:
    for unknown in ("ds_x", "../../etc/passwd", "%00"):
        assert api.get(f"{BASE}/predictions?dataset={unknown}").status_code == 404
