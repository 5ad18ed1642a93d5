"""The page of 200 edges is painted soon, and without JavaScript it still tells what there is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import Service
from tests.browser.models.conftest import settled

FIRST_PAINT_MILLISECONDS = 1_000


# A time is no property of the code: it is looked at by `make test-slow`, where the machine has nothing else to do.
@pytest.mark.slow
def test_a_page_of_200_edges_is_painted_within_a_second(page: Page, wide: str) -> None:
    settled(page, f"/models/{wide}")
    page.reload()
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert first < FIRST_PAINT_MILLISECONDS


def test_without_javascript_formula_network_and_tables_are_there(browser: Browser, server: Service, waves: str) -> None:
    server.http.post(
        "/v1/models", json={"name": "plain", "expression": "2*sin(x1) + x2", "ranges": {"x1": [0, 3], "x2": [0, 1]}}
    )
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/models/plain")
    expect(page.locator("#formula .formula")).to_contain_text("sin")
    expect(page.locator("#picture [data-edge]")).to_have_count(2)
    expect(page.locator("noscript pre")).to_contain_text("/v1/models/plain/versions/1/predict?x1=1.5")
    page.goto(f"/models/{waves}?version=1")
    expect(page.locator("#trust tbody tr")).to_have_count(3)
    expect(page.locator("#importance li")).to_have_count(2)
    expect(page.get_by_role("button")).to_have_count(0)
    context.close()
