"""The model page: it fits and has no fault, names are text, and it needs the key where there are keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.conftest import THEMES, WIDTHS
from tests.browser.models.conftest import predicted, settled
from tests.browser.models.store import publish_random
from tests.browser.test_pages import faults_of, is_wider_than_screen

EVIL = '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("theme", THEMES)
def test_it_fits_every_width_and_axe_finds_no_fault(page: Page, waves: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    settled(page, f"/models/{waves}?version=1")
    page.locator("#picture [data-edge]").first.click()
    page.locator("[data-function]").first.wait_for()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not is_wider_than_screen(page), width
        assert faults_of(page) == [], width


def test_hostile_names_are_text_everywhere(page: Page, server: Service) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    publish_random(server, "hostile", 2, 1, output=f"{EVIL}y", prefix=EVIL)
    settled(page, "/models/hostile")
    page.locator("#picture [data-edge]").first.click()
    page.get_by_role("button", name="Prune").click()
    expect(page.locator("#change")).to_contain_text(f"{EVIL}0 → h0 was pruned")
    page.locator("#picture [data-edge]").last.click()
    page.locator("[data-function]").first.wait_for()
    assert page.locator("main img").count() == 0
    assert dialogs == []


def test_a_table_comes_back_with_predictions(page: Page, server: Service, waves: str) -> None:
    settled(page, f"/models/{waves}?version=1")
    page.locator("#upload").set_input_files(
        {"name": "rows.csv", "mimeType": "text/csv", "buffer": b"u,t\n1,0.5\n0,0\n"}
    )
    with page.expect_download() as started:
        page.get_by_role("link", name="save rows-predictions.csv").click()
    header, *rows = started.value.path().read_text().splitlines()
    assert (header.strip('"'), len(rows)) == ("y", 2)
    assert float(rows[0]) == pytest.approx(predicted(server, waves, 1, [0.5, 1.0]), rel=1e-12)


def test_a_page_that_is_locked_shows_the_model_with_the_key(
    locked_page: Page, locked_server: Service, complaints: list[str]
) -> None:
    publish_random(locked_server, "secret", 2, 0, prefix="hidden")
    locked_page.goto("/models/secret")
    dialog = locked_page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert "hidden0" not in locked_page.content()
    dialog.get_by_label("API key").fill(locked_server.http.headers["Authorization"].removeprefix("Bearer "))
    dialog.get_by_role("button", name="Go on").click()
    expect(locked_page.locator("#picture [data-edge]")).to_have_count(2)
    locked_page.locator("#picture [data-edge]").first.click()
    locked_page.get_by_role("button", name="Prune").click()
    expect(locked_page.locator("#change")).to_contain_text("hidden0 → y was pruned")
    assert [words for words in complaints if "401" not in words] == []
    complaints.clear()


def test_a_network_without_edges_or_with_a_constant_target_has_its_page(page: Page, server: Service) -> None:
    publish_random(server, "dead", 1, 0)
    settled(page, "/models/dead")
    page.locator("#picture [data-edge]").click()
    page.get_by_role("button", name="Prune").click()
    expect(page.locator("#picture")).to_contain_text("Every edge is pruned: the answer is a constant.")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-output]")).to_have_text("0")
