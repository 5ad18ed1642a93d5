"""The pages: everything in the first HTML, nothing that runs, names escaped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState
from service.ui.words import call_line, duration, metric_rows, number


def test_an_empty_service_says_what_to_do(api: Any) -> None:
    page = api.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for words in ("No model yet", "No job yet", "No data set yet", 'href="/docs"'):
        assert words in page.text


def test_the_first_page_lists_models_with_pictures_and_data_sets(
    api: Any, publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    api.post("/v1/datasets?name=my table", content="a,b\n1,2\n2,3\n", headers={"Content-Type": "text/csv"})
    text = api.get("/").text
    (picture,) = re.findall(r'<img src="([^"]+)"', text)
    assert api.get(picture.replace("&amp;", "&")).headers["content-type"] == "image/svg+xml"
    assert "my table" in text


def test_a_model_page_has_picture_metrics_and_a_call(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    page = api.get("/models/concrete")
    assert "<svg" in page.text
    assert "0.92" in page.text
    assert "curl &#39;http://127.0.0.1:8000/v1/models/concrete/versions/1/predict?cement=" in page.text


def test_pages_let_nothing_run(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    for url in ("/", "/models/concrete"):
        page = api.get(url)
        policy = page.headers["content-security-policy"]
        assert "script-src" not in policy
        assert "unsafe-inline" not in policy
        assert not re.search(r"<script| on\w+=| style=", page.text), url
    assert "'sha256-" in policy


def test_hostile_names_are_escaped(api: Any, publish: Any, network_of: Any) -> None:
    name = '"><img src=x onerror=alert(1)>'
    publish(network_of((NumberInput(name, name, 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),)))
    api.post("/v1/datasets", params={"name": name}, content="a,b\n1,2\n2,3\n", headers={"Content-Type": "text/csv"})
    for url in ("/", "/models/concrete"):
        assert "<img src=x" not in api.get(url).text, url


@pytest.mark.parametrize("url", ["/models/nope", "/jobs/job_x", "/models/..%2fx"])
def test_what_is_not_there_is_404(api: Any, url: str) -> None:
    assert api.get(url).status_code == 404


def test_words() -> None:
    assert [number(value) for value in (None, 1234, 0.123456, "a")] == ["–", "1,234", "0.12346", "a"]
    assert [duration(value) for value in (None, 12.34, 320)] == ["–", "12.3 s", "5 min 20 s"]
    assert metric_rows({"test": {"r2": 0.5, "y": {"rmse": 1}}, "note": None}) == [
        ("test", "r2", "0.5"),
        ("test y", "rmse", "1"),
        ("", "note", "–"),
    ]


def test_the_call_is_quoted_for_a_shell() -> None:
    signature = {"inputs": [{"name": "a'b", "range": [0, 3]}, {"name": "domain", "levels": ["x y"]}]}
    assert call_line("http://h/", "m", 2, signature) == (
        "curl 'http://h/v1/models/m/versions/2/predict?a%27b=1.5&input.domain=x+y'"
    )
