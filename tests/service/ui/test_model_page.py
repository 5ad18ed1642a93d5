"""The model page: formula, network, inputs, scores and lineage in the first HTML, and nothing without a key."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest

from kan.encoding import NumberInput, NumberOutput
from kan.split import Part
from kan.state import NetworkState
from service.settings import Settings
from service.ui.panels import lineage
from tests.service.conftest import network

PULSE = {"name": "pulse", "expression": "2*sin(x1) + x2**2", "ranges": {"x1": [0, 3], "x2": [-1, 1]}}
EVIL = '"></svg><script>alert(1)</script>'
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST, Part.TEST], dtype=np.uint8)
COLUMNS = {"x": [0.1, 0.2, -0.3, 0.4, 0.5, 0.9], "z": [0.5, -0.5, 0.2, 0.7, -0.9, 0.0], "y": [1.0, 2, 3, 4, 5, 6]}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: the tests of the API read and write models in both."""
    return sqlite_url


def inputs_named(*names: str) -> tuple[NumberInput, ...]:
    return tuple(NumberInput(name, name, 0.0, 1.0, -1.0, 1.0) for name in names)


@pytest.fixture
def edited(api: Any, publish: Any) -> str:
    """A draft whose parent has a data set; gives the address of its page."""
    dataset = api.post("/v1/datasets?name=a", json={"columns": COLUMNS}).json()["id"]
    state = network(inputs_named("x", "z"), (NumberOutput("y", 2.0, 1.5),), hidden=2)
    publish(state, dataset_id=dataset, split=PARTS.tobytes())
    operations = [{"op": "prune_edge", "layer": 0, "source": 1, "target": 0}]
    made = api.post("/v1/models/concrete/versions/1/edits", json={"operations": operations}).json()
    return f"/models/concrete?version={made['version']}"


def test_a_formula_is_in_the_first_html_with_its_gap(api: Any) -> None:
    assert api.post("/v1/models", json=PULSE).status_code == 201
    text = api.get("/models/pulse").text
    assert "<mi>sin</mi>" in text
    assert "Against the network: at most" in text
    assert "Held-out data: the version has no data set" in text
    for notation in ("latex", "python", "c", "text"):
        assert f"/v1/models/pulse/versions/1/formula?format={notation}" in text


def test_an_alias_is_moved_on_with_the_tag_that_the_api_gives(api: Any) -> None:
    api.post("/v1/models", json=PULSE)
    made = api.request("PUT", "/v1/models/pulse/aliases/champion", json={"version": 1})
    assert f'value="champion" data-etag="{made.headers["etag"]}"' in unescape(api.get("/models/pulse").text)


def test_a_network_of_splines_says_how_many_are_left(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    text = api.get("/models/concrete").text
    assert "12 of 18 edges are still splines." in text
    assert "<math" not in text
    assert '<svg class="kan"' in text


def test_every_input_is_a_field_with_the_range_that_training_saw(
    api: Any, publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    text = api.get("/models/concrete").text
    assert re.findall(r'class="field" data-name="([^"]+)"', text) == ["cement", "age", "site", "water"]
    assert "seen 100 to 500" in text
    assert re.findall(r'<option value="(north|south)"', text) == ["north", "south"]
    assert text.count("data-missing") == 1
    assert 'placeholder="missing"' in text


@pytest.mark.parametrize(
    ("low", "high", "start"),
    [(1.0, 365.0, 180.0), (-0.99962, 0.99442, 0.0), (2007.0, 2009.0, 2008.0), (1e300, 1.5e300, 1.25e300)],
)
def test_a_field_begins_in_the_middle_of_its_range_to_about_a_hundredth(
    api: Any, publish: Any, low: float, high: float, start: float
) -> None:
    publish(network((NumberInput("x", "x", 0.0, 1.0, low, high),), (NumberOutput("y", 0.0, 1.0),)))
    (shown,) = re.findall(r'id="input-0" step="any" value="([^"]+)"', api.get("/models/concrete").text)
    assert float(shown) == pytest.approx(start, rel=0.02)
    assert low <= float(shown) <= high


def test_scores_are_in_the_first_html(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression, metrics={"test": {"rows": 9, "rmse": 4.25, "r2": 0.91234}, "train": {"rows": 20, "rmse": 3.0}})
    text = api.get("/models/concrete").text
    assert "test R² 0.9123" in text
    assert [row for row in ("test, 9 rows", "training, 20 rows", "validation") if row in text] == [
        "test, 9 rows",
        "training, 20 rows",
    ]


def test_a_draft_says_what_was_done_what_it_changed_and_the_way_back(api: Any, edited: str) -> None:
    text = api.get(edited).text
    assert "Draft: z → h0 was pruned" in text
    assert "Undo, back to version 1" in text
    assert "Publish version 2" in text
    certificate = api.get("/v1/models/concrete/versions/2").json()["edit"]["certificate"]["outputs"][0]
    assert f"y changes by at most {certificate['max_change']:.5g}" in text
    assert "prune edge, from version 1" in text
    assert "Draft" not in api.get("/models/concrete").text


def test_undo_finds_the_same_picture_byte_by_byte(api: Any, edited: str) -> None:
    plot = "/v1/models/concrete/versions/{}/plot.svg?theme=auto"
    picture = api.get(plot.format(1)).text
    assert picture != api.get(plot.format(2)).text
    assert picture in api.get(re.findall(r'id="undo" href="([^"]+)"', api.get(edited).text)[0]).text


def test_a_network_without_a_live_edge_still_has_a_page(api: Any, publish: Any, regression: NetworkState) -> None:
    dead = [replace(layer, mask=np.zeros_like(layer.mask)) for layer in regression.layers]
    publish(replace(regression, layers=tuple(dead)))
    text = api.get("/models/concrete").text
    assert "Every edge is pruned" in text
    assert "0 edges" in text
    assert 'id="top"' not in text


def test_hostile_names_are_text_in_html_svg_and_mathml(api: Any, publish: Any) -> None:
    publish(network(inputs_named(EVIL, "b\\}$^_{<b>"), (NumberOutput(EVIL, 0.0, 1.0),), hidden=1))
    fix = [
        {"op": "fix_symbolic", "layer": a, "source": b, "target": 0, "function": "x"}
        for a, b in ((0, 0), (0, 1), (1, 0))
    ]
    made = api.post("/v1/models/concrete/versions/1/edits", json={"operations": fix})
    assert made.status_code == 201, made.text
    for version in (1, 2):
        text = api.get(f"/models/concrete?version={version}").text
        assert "<script>alert" not in text
        assert "<b>" not in text.replace("<body>", "")
    assert "<math" in text


def test_a_page_of_200_edges_is_light(api: Any, publish: Any) -> None:
    names = [f"feature {number}" for number in range(19)]
    publish(network(inputs_named(*names), (NumberOutput("y", 0.0, 1.0),), hidden=10))
    content = api.get("/models/concrete").content
    assert content.count(b"data-edge=") == 200
    assert len(content) <= 300_000
    assert len(gzip.compress(content)) <= 40_000


def test_of_a_very_large_network_the_first_html_has_the_edges_that_matter_most(api: Any, publish: Any) -> None:
    names = [f"feature {number}" for number in range(30)]
    publish(network(inputs_named(*names), (NumberOutput("y", 0.0, 1.0),), hidden=30))
    text = api.get("/models/concrete").text
    assert (text.count("data-edge="), "930 of 930 edges are still splines." in text) == (60, True)
    assert '<input type="range" id="top" min="1" max="930" value="60">' in text


def test_without_a_key_a_page_holds_nothing_and_its_content_is_refused(
    settings: Settings, api_of: Any, api: Any, publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    locked = api_of(settings.model_copy(update={"auth": "on"}))
    page = locked.get("/models/concrete")
    assert page.status_code == 200
    assert "cement" not in page.text
    assert "'sha256-" in page.headers["content-security-policy"]
    assert locked.get("/models/nope").text == page.text
    assert locked.get("/parts/models/concrete").status_code == 401


def test_an_old_version_is_listed_and_chosen_and_the_page_says_where_others_are(
    api: Any, publish: Any, regression: NetworkState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "MOST_VERSIONS", 2)
    for _ in range(4):
        publish(regression)
    text = api.get("/models/concrete?version=1").text
    assert re.findall(r'<option value="(\d+)"( selected)?>', text) == [("4", ""), ("3", ""), ("1", " selected")]
    (address,) = re.findall(r'href="(/v1/models/concrete/versions\?after=\d+)"', text)
    assert [row["version"] for row in api.get(address).json()["data"]] == [2, 1]


def test_what_is_compared_is_the_question_of_the_version(api: Any, publish: Any, classification: NetworkState) -> None:
    columns = {"x": [0.1, 0.2], "domain": [1.0, 2.0], "kind": ["a", "b"]}
    dataset = api.post("/v1/datasets?name=a", json={"columns": columns}).json()["id"]
    publish(classification, dataset_id=dataset, split=PARTS[:2].tobytes())
    (body,) = re.findall(r'id="compare-call" [^>]*data-json="([^"]+)"', api.get("/models/concrete").text)
    asked = json.loads(unescape(body))
    assert (asked["inputs"], asked["task"]) == (["x", "domain"], "classification")


@pytest.mark.parametrize(("rows", "level"), [(8, ""), (9, "0.9")])
def test_an_interval_is_asked_for_where_enough_test_rows_carry_it(
    api: Any, publish: Any, regression: NetworkState, rows: int, level: str
) -> None:
    publish(regression, training={"residuals": [{"rows": rows}]})
    assert f'data-interval="{level}"' in api.get("/models/concrete").text


def test_the_part_is_the_page(api: Any, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    assert api.get("/parts/models/concrete?version=1").text == api.get("/models/concrete?version=1").text
    assert api.get("/parts/models/concrete?version=9").status_code == 404


def test_a_model_of_drafts_alone_shows_its_newest_one(api: Any, edited: str) -> None:
    assert api.delete("/v1/models/concrete/versions/1").status_code == 204
    assert 'data-version="2"' in api.get("/models/concrete").text
    assert "draft 2" in api.get("/models").text


def test_residuals_are_of_the_data_set_that_judged_the_training(
    api: Any, publish: Any, regression: NetworkState
) -> None:
    judge = api.post("/v1/datasets?name=judge", json={"columns": COLUMNS}).json()["id"]
    publish(regression, training={"resolved": {"test_dataset": {"id": judge, "rows": 6}}})
    assert f'data-judge="{judge}"' in api.get("/models/concrete").text
    assert api.delete(f"/v1/datasets/{judge}").status_code == 204
    assert 'data-judge=""' in api.get("/models/concrete").text
