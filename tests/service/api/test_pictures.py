"""Pictures over HTTP: SVG that runs nothing, PNG of the size asked for, cached."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import Any
from xml.etree import ElementTree

import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.state import NetworkState

BASE = "/v1/models/concrete/versions/1"


@pytest.mark.parametrize(
    "query", ["", "?theme=dark&pruned=true", "?view=matrix&layer=0", "?view=diagram&top=2&points=10"]
)
def test_the_picture_is_svg_that_runs_nothing(api: Any, publish: Any, regression: NetworkState, query: str) -> None:
    publish(regression)
    response = api.get(BASE + "/plot.svg" + query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/svg+xml"
    assert "script-src" not in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert ElementTree.fromstring(response.text).tag == "{http://www.w3.org/2000/svg}svg"
    etag = response.headers["etag"]
    assert api.get(BASE + "/plot.svg" + query, headers={"If-None-Match": etag}).status_code == 304


def test_hostile_names_are_escaped_in_the_picture(api: Any, publish: Any, network_of: Any) -> None:
    name = '"><script>alert(1)</script>'
    publish(network_of((NumberInput(name, name, 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y&<", 0.0, 1.0),)))
    text = api.get(BASE + "/plot.svg").text
    assert "<script" not in text
    ElementTree.fromstring(text)
    assert api.get(BASE + "/activations").json()["encoding"][0]["column"] == name
    assert "<script>alert" not in api.get("/models/concrete").text


def test_heights_are_of_one_scale_where_that_is_asked_for(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    own, shared = (api.get(f"{BASE}/plot.svg{query}") for query in ("", "?y_scale=shared"))
    assert (own.text != shared.text, own.headers["etag"] != shared.headers["etag"]) == (True, True)
    assert api.get(BASE + "/plot.svg?y_scale=own").text == own.text
    assert api.get(BASE + "/plot.svg?y_scale=log").status_code == 422


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def first_pixel(png: bytes) -> str:
    """The colour of the upper left corner: there every filter of PNG leaves the value as it is."""
    start = png.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", png[start - 8 : start - 4])
    return "#" + zlib.decompressobj().decompress(png[start : start + length])[1:4].hex()


@pytest.mark.parametrize(("theme", "surface"), [("light", "#ffffff"), ("auto", "#ffffff"), ("dark", "#10151c")])
def test_png_has_the_colours_of_its_theme(
    api: Any, publish: Any, regression: NetworkState, theme: str, surface: str
) -> None:
    publish(regression)
    response = api.get(f"{BASE}/plot.png?theme={theme}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    assert response.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert first_pixel(response.content) == surface
    again = api.get(f"{BASE}/plot.png?theme={theme}", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_png_is_as_large_as_asked_for_up_to_two_megapixels(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    svg = ElementTree.fromstring(api.get(BASE + "/plot.svg").text)
    width, height = int(svg.attrib["width"]), int(svg.attrib["height"])
    found = {scale: size_of(api.get(f"{BASE}/plot.png?scale={scale}").content) for scale in ("1", "2", "8")}
    assert found["1"] == (width, height)
    assert found["2"] == (2 * width, 2 * height)
    assert 1_900_000 < found["8"][0] * found["8"][1] <= 2_000_000
    assert found["8"][0] / found["8"][1] == pytest.approx(width / height, rel=0.01)


def test_one_edge_is_drawn_as_png_too(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    path = BASE + "/activations/0/1/2"
    svg = ElementTree.fromstring(api.get(path + ".svg").text)
    response = api.get(path + ".png?scale=1&theme=dark")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert size_of(response.content) == (int(svg.attrib["width"]), int(svg.attrib["height"]))
    assert first_pixel(response.content) == "#10151c"
    known = {"If-None-Match": response.headers["etag"]}
    assert api.get(path + ".png?scale=1&theme=dark", headers=known).status_code == 304
    assert api.get(BASE + "/activations/0/99/0.png").status_code == 404
    assert api.get(path + ".png?points=2001").status_code == 422


def test_every_picture_has_a_tag_of_its_own_and_is_asked_for_each_time(
    api: Any, publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    edge = "/activations/0/1/2"
    paths = ("/plot.svg", "/plot.png", "/plot.png?scale=1", "/plot.png?theme=dark", f"{edge}.svg", f"{edge}.png")
    answers = [api.get(BASE + path) for path in paths]
    assert len({answer.headers["etag"] for answer in answers}) == len(paths)
    assert {answer.headers["cache-control"] for answer in answers} == {"no-cache"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("?scale=0", 422), ("?scale=9", 422), ("?scale=nan", 422), ("?layer=5", 404), ("?points=2001", 422)],
)
def test_png_that_cannot_be_drawn_is_a_problem(
    api: Any, publish: Any, regression: NetworkState, query: str, status: int
) -> None:
    publish(regression)
    response = api.get(f"{BASE}/plot.png{query}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_png_without_its_extra_is_a_problem_that_says_what_to_install(
    api: Any, publish: Any, regression: NetworkState, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(regression)
    # What Python does where a package is not installed.
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    response = api.get(BASE + "/plot.png")
    assert (response.status_code, response.json()["type"]) == (406, "/errors#png-unavailable")
    assert "kan-service[png]" in response.json()["detail"]
    assert api.get(BASE + "/plot.svg").status_code == 200
