"""Models and versions over HTTP: pages, latest, caching, deletion, numbers that never come back."""

from __future__ import annotations

from typing import Any

import pytest

from kan.state import NetworkState
from service.domain import bounded_lists


@pytest.fixture
def three(publish: Any, regression: NetworkState) -> None:
    for _ in range(3):
        publish(regression)


def test_a_model_shows_its_latest_version(api: Any, three: None) -> None:
    body = api.get("/v1/models/concrete").json()
    assert (body["name"], body["versions"], body["latest"]["version"]) == ("concrete", 3, 3)
    latest = body["latest"]
    assert latest["id"].startswith("mv_")
    assert (latest["seed"], latest["parameters"], latest["training_seconds"]) == (7, 12, 1.5)
    assert latest["metrics"]["test"]["r2"] == 0.92
    assert latest["created_at"].endswith("Z")
    assert latest["signature"]["inputs"][0] == {"name": "cement", "type": "number", "units": None}


def test_models_are_listed_newest_version_first(api: Any, publish: Any, regression: NetworkState) -> None:
    for name in ("a", "b", "c", "a"):
        publish(regression, name)
    page = api.get("/v1/models?limit=2").json()
    assert [model["name"] for model in page["data"]] == ["a", "c"]
    rest = api.get("/v1/models", params={"after": page["next_cursor"]}).json()
    assert ([model["name"] for model in rest["data"]], rest["next_cursor"]) == (["b"], None)


def test_versions_are_listed_in_pages(api: Any, three: None) -> None:
    page = api.get("/v1/models/concrete/versions?limit=2").json()
    assert [version["version"] for version in page["data"]] == [3, 2]
    rest = api.get(f"/v1/models/concrete/versions?after={page['next_cursor']}").json()
    assert [version["version"] for version in rest["data"]] == [1]
    assert api.get("/v1/models/concrete/versions?after=x").status_code == 422


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/concrete/versions"])
def test_pages_of_large_entries_end_early_and_lose_none(
    api: Any, publish: Any, regression: NetworkState, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(bounded_lists, "MOST_BYTES", 1)
    for name in ("concrete", "beam", "concrete", "wall"):
        publish(regression, name)
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path, params={"limit": 3} | ({"after": cursor} if cursor else {})).json()
        pages.append([entry.get("name") or entry["version"] for entry in page["data"]])
        cursor = page["next_cursor"]
    assert pages == ([["wall"], ["concrete"], ["beam"]] if path.endswith("models") else [[2], [1]])


def test_latest_says_where_it_stands_and_is_never_kept(api: Any, three: None) -> None:
    response = api.get("/v1/models/concrete/versions/latest")
    assert response.headers["content-location"] == "/v1/models/concrete/versions/3"
    assert response.headers["cache-control"] == "no-cache"


def test_a_known_version_is_304(api: Any, three: None) -> None:
    etag = api.get("/v1/models/concrete/versions/2").headers["etag"]
    response = api.get("/v1/models/concrete/versions/2", headers={"If-None-Match": f'"x", {etag}'})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


def test_deleting_the_newest_version_makes_the_one_before_latest(api: Any, three: None) -> None:
    assert api.delete("/v1/models/concrete/versions/3").status_code == 204
    assert api.get("/v1/models/concrete/versions/latest").json()["version"] == 2
    for gone in (
        api.get("/v1/models/concrete/versions/3"),
        api.delete("/v1/models/concrete/versions/3"),
        api.post("/v1/models/concrete/versions/3/predict", json={"rows": []}),
        api.request("PUT", "/v1/models/concrete/aliases/champion", json={"version": 3}),
    ):
        assert (gone.status_code, gone.json()["type"]) == (410, "/errors#version-gone")
    assert api.get("/v1/models/concrete/versions/4").status_code == 404
    asked = {"inputs": [{"name": "x", "shape": [0, 4], "datatype": "FP64", "data": []}]}
    assert api.post("/v2/models/concrete/versions/3/infer", json=asked).status_code == 404


def test_numbers_are_never_used_again(api: Any, three: None, publish: Any, regression: NetworkState) -> None:
    assert api.delete("/v1/models/concrete/versions/latest").status_code == 204
    assert publish(regression).version == 4
    assert api.delete("/v1/models/concrete").status_code == 204
    assert api.get("/v1/models/concrete").status_code == 404
    assert api.get("/v1/models").json()["data"] == []
    assert publish(regression).version == 5


@pytest.mark.parametrize("version", ["0", "-1", "01", "1.0", "LATEST", "9" * 30, "%F0%9F%98%80"])
def test_an_odd_version_is_404(api: Any, three: None, version: str) -> None:
    assert api.get(f"/v1/models/concrete/versions/{version}").status_code == 404
