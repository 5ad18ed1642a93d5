"""From version to version: only what was asked for last is shown, and a link to a place of the page loads nothing."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.acceptance.conftest import Service
from tests.browser.models.conftest import settled
from tests.browser.models.store import publish_random

ANSWER = {"predictions": [[123.0]], "outputs": ["y"], "domain": {"outside": []}}


def test_a_link_to_a_place_of_the_page_loads_nothing(page: Page, waves: str) -> None:
    asked: list[str] = []
    settled(page, f"/models/{waves}?version=1")
    page.on("request", lambda request: asked.append(request.url))
    for place in ("learned", "trust", "try"):
        page.locator(f'.jumps a[href="#{place}"]').click()
    page.go_back()
    page.wait_for_url("**#trust")
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/parts/" in url] == []


def test_late_answers_of_a_version_that_was_left_change_nothing(page: Page, server: Service) -> None:
    for _ in range(3):
        publish_random(server, "left", 2, 0)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/versions/1/predict"), hold)
    page.route(re.compile(r"/parts/.*version=2"), hold)
    with page.expect_request(lambda request: "/versions/1/predict" in request.url):
        page.goto("/models/left?version=1")
    version = page.locator("#version")
    with page.expect_request(lambda request: "/parts/" in request.url):
        version.select_option("2")
    version.select_option("3")
    expect(page.locator("#model")).to_have_attribute("data-version", "3")
    shown = page.locator("[data-output]")
    expect(shown).not_to_have_text("–")
    said = shown.inner_text()
    assert len(held) == 2
    for route in held:
        with page.expect_response(route.request.url):
            route.fulfill(json=ANSWER) if route.request.method == "POST" else route.continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#model")).to_have_attribute("data-version", "3")
    assert (shown.inner_text(), page.locator("[role=alert]").count()) == (said, 0)
    assert page.url.endswith("?version=3")


def test_a_version_that_cannot_be_shown_says_why(page: Page, server: Service, complaints: list[str]) -> None:
    for _ in range(2):
        publish_random(server, "lost", 1, 0)
    settled(page, "/models/lost?version=2")
    assert server.http.delete("/v1/models/lost/versions/1").status_code == 204
    page.locator("#version").select_option("1")
    said = server.http.get("/v1/models/lost/versions/1").json()["detail"]
    expect(page.get_by_role("alert")).to_contain_text(said)
    complaints.clear()
