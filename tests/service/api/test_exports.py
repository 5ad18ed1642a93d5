"""Exports over HTTP: files with certificates, and clear refusals."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import httpx
import pytest

from kan.checkpoint import load
from kan.state import EdgeFormula, NetworkState
from service.domain.exports import certified

URL = "/v1/models/concrete/versions/1/export"
FORMATS = ("safetensors", "onnx", "python", "c", "json", "sql")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The kind of database does not matter here."""
    return sqlite_url


def test_every_format_is_as_far_from_predict_as_rounding(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    for format_ in FORMATS:
        response = api.get(f"{URL}?format={format_}")
        assert response.status_code == 200, response.text
        certificate = json.loads(response.headers["x-export-certificate"])
        assert certificate["max_relative_difference"] < 1e-13
        assert (certificate["rows"], certificate["rows_outside"], certificate["compared"]) == (512, 256, 512)
        assert certificate["answered_by_one"] == 0
        assert response.headers["content-disposition"].startswith('attachment; filename="concrete-1.')
        assert api.get(f"{URL}/certificate?format={format_}").json() == certificate


def test_classes_are_exported_with_their_probabilities(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    for format_ in FORMATS:
        assert api.get(f"{URL}/certificate?format={format_}").json()["max_difference"] < 1e-13


def test_a_python_file_answers_as_predict_does(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    room: dict[str, Any] = {"__name__": "exported"}
    exec(api.get(f"{URL}?format=python").text, room)
    row = [300.0, 28.0, None, 180.5]
    said = api.post("/v1/models/concrete/versions/1/predict", json={"rows": [row]}).json()["predictions"][0]
    assert room["predict_row"](row) == pytest.approx(said, rel=1e-12)


def test_safetensors_is_the_checkpoint(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    assert load(api.get(f"{URL}?format=safetensors").content).encoding == regression.encoding


def test_a_numbered_version_is_kept_for_ever_and_latest_names_it(
    api: Any, publish: Any, classification: NetworkState
) -> None:
    publish(classification)
    first = api.get(f"{URL}?format=json")
    assert "immutable" in first.headers["cache-control"]
    again = api.get(f"{URL}?format=json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    latest = api.get(URL.replace("/1/", "/latest/") + "?format=json")
    assert latest.headers["content-location"] == f"{URL}?format=json"
    assert api.get(f"{URL}?format=sql").headers["etag"] != first.headers["etag"]


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


def test_what_cannot_be_had_is_refused_by_name(api: Any, publish: Any, classification: NetworkState) -> None:
    publish(classification)
    assert problem(api.get(f"{URL}?format=xml")) == (422, "/errors#invalid-request")
    assert problem(api.get(URL)) == (422, "/errors#invalid-request")
    assert problem(api.get(URL.replace("concrete", "nope") + "?format=c")) == (404, "/errors#model-not-found")
    assert problem(api.get(URL.replace("/1/", "/7/") + "?format=c")) == (404, "/errors#version-not-found")
    accepted = api.get(f"{URL}?format=c", headers={"Accept": "application/json"})
    assert problem(accepted) == (406, "/errors#not-acceptable")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_onnx_is_refused_and_says_what_to_install(
    api: Any, publish: Any, classification: NetworkState, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(classification)
    monkeypatch.setitem(sys.modules, package, None)
    response = api.get(f"{URL}?format=onnx")
    assert problem(response) == (409, "/errors#export-unavailable")
    assert "kan-service[onnx]" in response.json()["detail"]


def test_a_version_that_sql_cannot_hold_is_refused(
    api: Any, publish: Any, classification: NetworkState, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(classification)
    monkeypatch.setattr("kan.export.sql_code.MAX_NUMBERS", 10)
    response = api.get(f"{URL}?format=sql")
    assert problem(response) == (409, "/errors#export-unavailable")
    assert "limit is 10" in response.json()["detail"]


def test_a_statement_that_this_sqlite_refuses_is_not_certified(
    api: Any, publish: Any, classification: NetworkState, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(classification)
    monkeypatch.setattr(certified, "sql_code", lambda _: "SELECT no_such_function(1)")
    found = api.get(f"{URL}/certificate?format=sql").json()
    assert (found["max_difference"], found["compared"]) == (None, 0)
    assert "SQLite" in found["measured"]


def test_exports_run_a_few_at_once(
    api: Any, publish: Any, classification: NetworkState, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(classification)
    limiter, seen = api.app.state.exports, []

    def watched(*values: Any) -> certified.Export:
        seen.append(limiter.borrowed_tokens)
        return certified.export(*values)

    monkeypatch.setattr("service.api.exports.export", watched)
    assert api.get(f"{URL}?format=json").status_code == 200
    assert api.get(f"{URL}/certificate?format=c").status_code == 200
    assert (seen, limiter.total_tokens, limiter.borrowed_tokens) == ([1, 1], 2, 0)


def test_a_function_that_the_library_cannot_make_up_is_served_and_exported_as_safetensors_only(
    api: Any, publish: Any, regression: NetworkState
) -> None:
    layer = regression.layers[0]
    mask = layer.mask.copy()
    mask[0, 0] = 0.0
    formula = EdgeFormula(0, 0, "0**x", 1.0, 0.1, 20.0, 0.0)
    publish(replace(regression, layers=(replace(layer, mask=mask, formulas=(formula,)), *regression.layers[1:])))
    for format_ in FORMATS[1:]:
        assert problem(api.get(f"{URL}?format={format_}")) == (409, "/errors#export-unavailable")
    assert api.get(f"{URL}/certificate?format=safetensors").json()["max_difference"] == 0.0
    version = URL.removesuffix("/export")
    predicted = api.post(f"{version}/predict?gradient=true", json={"rows": [[300.0, 28.0, None, 180.5]]})
    assert predicted.status_code == 200, predicted.text
    for read in ("plot.svg", "activations", "importance", "formula"):
        assert api.get(f"{version}/{read}").status_code < 500
