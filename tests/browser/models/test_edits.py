"""Edits on the page: snapped edges become a formula, undo leads back, and what changed meanwhile is said in words."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.models.conftest import predicted, settled
from tests.browser.models.store import publish_random
from tests.kan.symbolic.trees import independent_value

ROW = {"t": 0.7, "u": -1.2}


def copied(page: Page, sign: str) -> str:
    """Gives what was copied as soon as it has the sign; the clipboard is written a moment after the click."""
    for _ in range(200):
        text = str(page.evaluate("navigator.clipboard.readText()"))
        if sign in text:
            return text
        page.wait_for_timeout(50)
    pytest.fail(f"{sign} is not in the clipboard: {text}")


def test_snapped_edges_become_a_formula_that_predicts_what_the_api_says(
    page: Page, server: Service, waves: str
) -> None:
    settled(page, f"/models/{waves}?version=1")
    expect(page.locator("#formula")).to_contain_text("2 of 2 edges are still splines.")
    for place, function in (("0,0,0", "sin"), ("0,1,0", "x^2")):
        page.get_by_role("button", name="Open the spline that matters most").click()
        expect(page.locator("#picture [aria-pressed=true]")).to_have_attribute("data-edge", place)
        page.locator(f'[data-function="{function}"]').click()
        expect(page.locator(f'#picture [data-edge="{place}"].symbolic')).to_be_visible()
        expect(page.locator("#change")).to_contain_text("y changes by at most")
    version = page.locator("#model").get_attribute("data-version")
    expect(page.locator("#formula math").first).to_be_visible()
    page.get_by_label("t", exact=True).fill(str(ROW["t"]))
    page.get_by_label("u", exact=True).fill(str(ROW["u"]))
    said = predicted(server, waves, version, list(ROW.values()))
    expect(page.locator("[data-output]")).to_have_text(f"{said:.5g}")
    assert said == pytest.approx(3 * math.sin(2 * ROW["t"]) + ROW["u"] ** 2, abs=0.05)

    gap = server.http.get(f"/v1/models/{waves}/versions/{version}/formula").json()["formulas"][0]["max_gap"]
    page.get_by_role("button", name="Copy Python").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    scope: dict[str, Any] = {}
    exec(copied(page, "import math"), scope)
    function = next(value for key, value in scope.items() if callable(value) and not key.startswith("_"))
    assert function(**ROW) == pytest.approx(said, abs=1.5 * gap)

    page.get_by_role("button", name="Copy LaTeX").click()
    latex = copied(page, "\\sin")
    assert latex_value(latex, ROW) == pytest.approx(said, abs=1.5 * gap)


def latex_value(latex: str, values: dict[str, float]) -> float:
    """The value of LaTeX without fractions, by Python's rules."""
    text = re.sub(r"\\left|\\right", "", latex).replace("{", "(").replace("}", ")").replace("^", "**")
    return independent_value(re.sub(r"\\,|\\cdot", "*", text).replace("\\", ""), values)


def test_undo_shows_the_parent_byte_by_byte_and_keeps_the_draft(page: Page, server: Service, waves: str) -> None:
    picture = "document.querySelector('#picture svg').outerHTML"
    settled(page, f"/models/{waves}?version=1")
    page.locator('#picture [data-edge="0,1,0"]').click()
    page.locator("[data-function]").first.wait_for()
    dots = page.locator("#picture circle.now")
    expect(dots).to_have_count(2)
    before, stored = page.evaluate(picture), server.http.get(f"/v1/models/{waves}/versions/1/plot.svg").content
    page.get_by_role("button", name="Prune").click()
    expect(page.locator("#change")).to_contain_text("u → y was pruned")
    draft = page.locator("#model").get_attribute("data-version")
    assert page.evaluate(picture) != before
    page.get_by_role("link", name="Undo").click()
    expect(page.locator("#model")).to_have_attribute("data-version", "1")
    expect(dots).to_have_count(2)
    assert page.evaluate(picture) == before
    assert server.http.get(f"/v1/models/{waves}/versions/1/plot.svg").content == stored
    assert server.http.get(f"/v1/models/{waves}/versions/{draft}").json()["status"] == "draft"
    page.go_back()
    expect(page.locator("#model")).to_have_attribute("data-version", str(draft))
    expect(page.locator("#change")).to_be_visible()


def test_a_pruned_edge_is_shown_and_restored_to_the_same_picture(page: Page, server: Service) -> None:
    publish_random(server, "restored", 2, 2)
    settled(page, "/models/restored")
    edge = page.locator('#picture [data-edge="0,1,0"]')
    edge.click()
    page.get_by_label("pruned edges").check()
    page.get_by_role("button", name="Prune").click()
    expect(page.locator("#change")).to_contain_text("x1 → h0 was pruned")
    expect(page.get_by_label("pruned edges")).to_be_checked()
    expect(edge).to_have_class("e pruned")
    expect(page.locator("#edge-title")).to_have_text("x1 → h0")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("#change")).to_contain_text("x1 → h0 was restored")
    first, third = (server.http.get(f"/v1/models/restored/versions/{number}/plot.svg").text for number in (1, 3))
    assert first == third


def test_publish_makes_a_draft_the_latest(page: Page, server: Service) -> None:
    publish_random(server, "published", 2, 0)
    settled(page, "/models/published")
    page.locator("#picture [data-edge]").first.click()
    page.get_by_role("button", name="Prune").dblclick()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.locator(".badge.draft")).to_have_count(0)
    assert server.http.get("/v1/models/published/versions/latest").json()["version"] == 2
    assert server.http.get("/v1/models/published").json()["versions"] == 2


def test_an_edit_of_a_version_that_was_deleted_meanwhile_says_so(
    page: Page, server: Service, complaints: list[str]
) -> None:
    for _ in range(2):
        publish_random(server, "gone", 2, 0)
    settled(page, "/models/gone?version=2")
    page.locator("#picture [data-edge]").first.click()
    page.locator("[data-function]").first.wait_for()
    assert server.http.delete("/v1/models/gone/versions/2").status_code == 204
    page.get_by_role("button", name="Prune").click()
    expect(page.get_by_role("alert")).to_contain_text("Version 2 was deleted meanwhile.")
    assert server.http.get("/v1/models/gone").json()["versions"] == 1
    complaints.clear()


def test_an_alias_that_was_moved_meanwhile_is_not_overwritten(
    page: Page, server: Service, complaints: list[str]
) -> None:
    for _ in range(3):
        publish_random(server, "named", 2, 0)
    alias = "/v1/models/named/aliases/champion"
    first = server.http.put(alias, json={"version": 1})
    settled(page, "/models/named?version=2")
    assert server.http.put(alias, json={"version": 3}, headers={"If-Match": first.headers["etag"]}).status_code == 200
    page.locator("[name=alias]").fill("champion")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed it since this page was loaded")
    assert server.http.get(alias).json()["version"] == 3
    complaints.clear()
    page.reload()
    page.locator("[name=alias]").fill("champion")
    entries = page.evaluate("history.length")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("h1 .badge")).to_have_text("champion")
    assert page.evaluate("history.length") == entries
    assert server.http.get(alias).json()["version"] == 2
