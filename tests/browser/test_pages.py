"""Every page: nothing goes wrong, nothing is wider than the screen, and axe finds no fault, in both themes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.conftest import THEMES, WIDTHS

PAGES = ("/", "/train", "/jobs", "/models")


def faults_of(page: Page) -> list[str]:
    """What axe finds on a page as it is now."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{fault['id']}: {fault['help']} {json.dumps([node['target'] for node in fault['nodes']][:5])}"
        for fault in found["violations"]
    ]


def is_wider_than_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_fits_every_width_and_has_no_fault(page: Page, address: str, theme: str) -> None:
    page.goto(address)
    page.get_by_label("Theme").select_option(theme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not is_wider_than_screen(page), width
        assert faults_of(page) == [], width


def test_the_theme_is_kept_and_set_before_the_first_paint(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Theme").select_option("dark")
    page.goto("/jobs")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(232, 236, 243)"


def test_the_first_stop_of_the_tab_key_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_what_is_not_there_is_a_page_with_the_request_id(page: Page, server: Service, complaints: list[str]) -> None:
    answer = page.goto("/jobs/job_x")
    assert answer is not None
    assert answer.status == 404
    request_id = answer.headers["x-request-id"]
    expect(page.locator("main code").last).to_have_text(request_id)
    asked = server.http.get("/v1/jobs/job_x", headers={"X-Request-ID": request_id}).json()
    assert asked["request_id"] == request_id
    expect(page.locator("main .error")).to_have_text(asked["detail"])
    complaints.clear()
