"""Edges of the picture: each can be hit and reached by keyboard, names do not overlap, and a feature is found."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.models.conftest import settled


@pytest.mark.parametrize("view", ["matrix", "diagram"])
def test_the_centre_of_each_of_200_boxes_is_its_own_edge(page: Page, wide: str, view: str) -> None:
    settled(page, f"/models/{wide}")
    expect(page.locator("[data-view=matrix][aria-pressed=true]")).to_have_count(1)
    if view == "diagram":
        with page.expect_response(re.compile("view=diagram")):
            page.get_by_role("button", name="Diagram").click()
        page.locator("[data-link]").first.wait_for(state="attached")
    strangers = page.evaluate(
        """() => [...document.querySelectorAll("#picture [data-edge]")].map((edge) => {
          edge.scrollIntoView({ block: "center", inline: "center" });
          const box = edge.querySelector(".b").getBoundingClientRect();
          const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return [edge.dataset.edge, hit?.closest("[data-edge]")?.dataset.edge];
        })"""
    )
    assert len(strangers) == 200
    assert [pair for pair in strangers if pair[0] != pair[1]] == []
    overlaps = page.evaluate(
        """() => {
          const texts = [...document.querySelectorAll("#picture text")];
          const boxes = texts.map((text) => [text.textContent, text.getBBox()]);
          const found = [];
          boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
            const wide = Math.min(p.x + p.width, q.x + q.width) - Math.max(p.x, q.x);
            const high = Math.min(p.y + p.height, q.y + q.height) - Math.max(p.y, q.y);
            if (wide > 1 && high > 1) found.push([a, b]);
          }));
          return found;
        }"""
    )
    assert overlaps == []


def test_edges_are_reached_and_opened_by_keyboard(page: Page, wide: str) -> None:
    settled(page, f"/models/{wide}")
    assert page.locator("#picture [data-edge][tabindex='0']").count() == 1
    page.locator("#picture [data-edge]").first.focus()
    for key, place in (("ArrowRight", "0,0,1"), ("ArrowDown", "0,1,1"), ("ArrowLeft", "0,1,0"), ("End", "1,9,0")):
        page.keyboard.press(key)
        expect(page.locator(":focus")).to_have_attribute("data-edge", place)
    assert page.locator("#picture [data-edge][tabindex='0']").count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#edge-title")).to_have_text("x0 → h0")
    expect(page.locator("#picture [aria-pressed=true]")).to_have_attribute("data-edge", "0,0,0")


def test_as_many_edges_as_wanted_are_shown_and_a_feature_is_found(page: Page, wide: str) -> None:
    settled(page, f"/models/{wide}")
    page.locator("#top").fill("12")
    expect(page.locator("#picture [data-edge]")).to_have_count(12)
    page.locator("#top").fill("200")
    expect(page.locator("#picture [data-edge]")).to_have_count(200)
    page.get_by_label("Find").fill("x7")
    expect(page.locator("#found")).to_have_text("10 of 200 edges belong to “x7”")
    assert page.locator("#picture [data-edge].aside").count() == 190
    with page.expect_response(re.compile("y_scale=shared")):
        page.get_by_label("same y scale").check()


def test_a_picture_that_comes_late_does_not_replace_the_one_that_was_asked_for_after_it(page: Page, wide: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    settled(page, f"/models/{wide}")
    page.route(re.compile("top=190"), hold)
    with page.expect_request(re.compile("top=190")):
        page.locator("#top").fill("190")
    page.locator("#top").fill("5")
    drawn = page.locator("#picture [data-edge]")
    expect(drawn).to_have_count(5)
    with page.expect_response(re.compile("top=190")):
        held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(drawn).to_have_count(5)
