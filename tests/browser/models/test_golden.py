"""Diagram and matrix look as they did, in both themes: a few pixels of another machine's font may differ."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.conftest import THEMES
from tests.browser.models.conftest import settled
from tests.browser.models.store import publish_random
from tests.browser.pictures import difference

# Names are about a fiftieth of the pixels, and every font draws them otherwise.
SAME = 0.03


@pytest.fixture(scope="module")
def small(server: Service) -> str:
    """A model of 15 edges."""
    publish_random(server, "golden", 4, 3)
    return "golden"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_the_network_looks_as_it_did(page: Page, small: str, view: str, theme: str) -> None:
    page.set_viewport_size({"width": 1600, "height": 1200})
    settled(page, f"/models/{small}")
    page.get_by_label("Theme").select_option(theme)
    if view == "matrix":
        page.get_by_role("button", name="Matrix").click()
    expect(page.locator("#picture [data-link]")).to_have_count(0 if view == "matrix" else 15)
    expect(page.locator("#picture circle.now")).to_have_count(15)
    assert difference(page, page.locator("#picture svg"), f"network-{view}-{theme}") <= SAME
