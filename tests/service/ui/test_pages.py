"""The pages: everything in the first HTML, only our own files run, names escaped, nothing leaks without a key."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState
from service.settings import Settings
from service.ui.words import call_line, duration, number, share

TABLE = "a,b\n" + "".join(f"{row},{row * row}\n" for row in range(30))
PAGES = ("/", "/train", "/jobs", "/models", "/models/concrete")


def test_an_empty_service_says_what_to_do(api: Any) -> None:
    page = api.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for words in ("No data set yet", 'href="/docs"', 'href="/train"', 'href="/jobs"', 'href="/models"'):
        assert words in page.text
    assert "No model yet" in api.get("/models").text
    assert "No job yet" in api.get("/jobs").text


def test_lists_are_in_the_first_html(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    made = api.post("/v1/datasets?name=my table", content=TABLE, headers={"Content-Type": "text/csv"})
    (picture,) = re.findall(r'<img src="([^"]+)"', api.get("/models").text)
    assert api.get(picture.replace("&amp;", "&")).headers["content-type"] == "image/svg+xml"
    job = api.post("/v1/jobs", json={"dataset": made.json()["id"], "targets": ["b"], "preset": "quick"}).json()["id"]
    assert "my table" in api.get("/").text
    assert "my table" in api.get("/train").text
    assert "my table" in api.get(f"/datasets/{made.json()['id']}").text
    assert job in api.get("/jobs").text
    assert "queued" in api.get(f"/jobs/{job}").text


def test_a_model_page_has_picture_metrics_and_a_call(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    page = api.get("/models/concrete")
    assert "<svg" in page.text
    assert "0.92" in page.text
    assert "curl &#39;http://127.0.0.1:8000/v1/models/concrete/versions/1/predict?cement=" in page.text


def test_pages_let_only_our_own_files_run(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    for url in PAGES:
        page = api.get(url)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; " in policy, url
        assert "unsafe-inline" not in policy, url
        assert not re.search(r'<script[^>]*>[^<]| on\w+=| style=|(?:src|href)="(?:\w+:)?//', page.text), url
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert api.get(path).status_code == 200, path
    assert "'sha256-" in policy


def test_pages_of_a_server_with_keys_hold_no_data(
    api: Any, api_of: Any, settings: Settings, publish: Any, regression: NetworkState
) -> None:
    publish(regression, name="secret-model")
    made = api.post("/v1/datasets?name=secret", content=TABLE, headers={"Content-Type": "text/csv"}).json()
    job = api.post("/v1/jobs", json={"dataset": made["id"], "model": "secret", "targets": ["b"]}).json()["id"]
    locked = api_of(settings.model_copy(update={"auth": "on"}))
    urls = [*PAGES[:-1], "/models/secret-model", f"/datasets/{made['id']}", f"/jobs/{job}"]
    pages = {url: locked.get(url) for url in urls}
    assert {url: page.status_code for url, page in pages.items()} == dict.fromkeys(urls, 200)
    for url, page in pages.items():
        text = page.text.replace(url.rpartition("/")[2] or " ", "")
        assert "secret" not in text, url
        assert "queued" not in text, url
        assert made["id"] not in text, url
        assert "data-locked" in text, url
    assert locked.get("/v1/models").status_code == 401


def test_a_refusal_is_a_page_for_browsers_and_a_problem_for_clients(api: Any) -> None:
    asked = {"Accept": "text/html,*/*;q=0.8", "X-Request-ID": "abc123"}
    page = api.get("/jobs/job_<x>", headers=asked)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "no job has this id" in page.text
    assert "abc123" in page.text
    assert "<x>" not in page.text
    problem = api.get("/jobs/job_<x>", headers={"X-Request-ID": "abc123"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["request_id"] == "abc123"
    assert api.get("/v1/models?limit=x", headers=asked).headers["content-type"] == "text/html; charset=utf-8"
    assert api.post("/v1/jobs", headers=asked).headers["content-type"] == "application/problem+json"
    assert api.get("/parts/models/nope", headers=asked).json()["type"] == "/errors#model-not-found"
    assert api.get("/v2/models/x", headers=asked).headers["content-type"] == "application/json"


def test_hostile_names_are_escaped(api: Any, publish: Any, network_of: Any) -> None:
    name = '"><img src=x onerror=alert(1)>'
    publish(network_of((NumberInput(name, name, 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 0.0, 1.0),)))
    api.post("/v1/datasets", params={"name": name}, content=TABLE, headers={"Content-Type": "text/csv"})
    for url in PAGES:
        assert "<img src=x" not in api.get(url).text, url


@pytest.mark.parametrize("url", ["/models/nope", "/jobs/job_x", "/models/..%2fx"])
def test_what_is_not_there_is_404(api: Any, url: str) -> None:
    assert api.get(url).status_code == 404


def test_words() -> None:
    assert [number(value) for value in (None, 1234, 0.123456, "a")] == ["–", "1,234", "0.12346", "a"]
    assert [number(value) for value in (1234.567, 99_999.6, 245_123.4, 1.23456e14)] == [
        "1,234.6", "100,000", "245,123", "123,456,000,000,000",
    ]  # fmt: skip
    assert [number(value) for value in (0.0, 3.0, 1e-8, -1.23456e-5, 2.5e18)] == [
        "0", "3", "1e-8", "-1.2346e-5", "2.5e+18",
    ]  # fmt: skip
    assert [duration(value) for value in (None, 12.34, 320)] == ["–", "12.3 s", "5 min 20 s"]
    assert [share(value) for value in (0.92346, 0.99999, 1.0, -0.5)] == ["0.9235", "above 0.9999", "1.0000", "-0.5000"]


def test_the_call_is_quoted_for_a_shell() -> None:
    signature = {"inputs": [{"name": "a'b", "range": [0, 3]}, {"name": "domain", "levels": ["x y"]}]}
    assert call_line("http://h/", "m", 2, signature) == (
        "curl 'http://h/v1/models/m/versions/2/predict?a%27b=1.5&input.domain=x+y'"
    )
