"""A server that asks for keys: the page asks once, keeps the key in its tab and out of every address."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.models.store import publish_random


def token_of(server: Service) -> str:
    return str(server.http.headers["Authorization"]).removeprefix("Bearer ")


def test_a_key_is_typed_once_and_kept_in_the_tab(
    locked_page: Page, locked_server: Service, complaints: list[str]
) -> None:
    rows = "".join(f"{row},{row % 7}\n" for row in range(30))
    dataset = locked_server.upload("private table", ("a,b\n" + rows).encode())
    job = locked_server.submit(dataset=dataset, targets=["b"], preset="quick")
    asked: list[str] = []
    locked_page.on("request", lambda request: asked.append(request.url))
    locked_page.goto("/")
    field = locked_page.get_by_label("API key")
    expect(locked_page.get_by_text("private table")).to_have_count(0)
    field.fill("kan_wrong_key")
    field.press("Enter")
    expect(field).to_have_value("")
    field.fill(token_of(locked_server))
    field.press("Enter")
    expect(locked_page.get_by_text("private table")).to_be_visible()
    assert all("status of 401" in each for each in complaints)
    complaints.clear()

    locked_page.goto(f"/jobs/{job}")
    expect(locked_page.get_by_text("no worker is running")).to_be_visible()
    locked_page.route("**/v1/workers", lambda route: route.fulfill(json={"data": [{"status": "starting"}]}))
    locked_page.reload()
    expect(locked_page.get_by_text("a worker is starting")).to_be_visible()
    locked_page.get_by_role("button", name="Pause").click()
    expect(locked_page.locator("#job .status")).to_have_text(re.compile("^paused"))
    locked_page.goto("/models")
    # Other tests may have left a model at this server.
    models = locked_page.get_by_text("No model yet").or_(locked_page.locator("main li")).first
    expect(models).to_be_visible()
    locked_page.goto(f"/train?dataset={dataset}")
    expect(locked_page.get_by_label("Target")).to_have_value("b")
    locked_page.get_by_text("The call").click()
    assert token_of(locked_server) not in locked_page.content()
    assert not [url for url in asked if token_of(locked_server) in url]

    locked_page.get_by_role("button", name="Forget the key").click()
    expect(locked_page.get_by_label("API key")).to_be_visible()
    assert locked_page.evaluate("sessionStorage.length") == 0
    complaints.clear()


def test_whoever_closes_the_question_is_told_and_can_give_a_key_later(
    locked_page: Page, locked_server: Service, complaints: list[str]
) -> None:
    locked_page.goto("/")
    field = locked_page.get_by_label("API key")
    field.fill(f"\u201c{token_of(locked_server)}\u201d")
    field.press("Enter")
    expect(field).to_be_visible()
    assert locked_page.evaluate("sessionStorage.length") == 0
    field.press("Escape")
    expect(field).to_have_count(0)
    expect(locked_page.get_by_role("alert").first).to_be_visible()
    locked_page.get_by_role("button", name="Give a key").click()
    field.fill(token_of(locked_server))
    field.press("Enter")
    expect(field).to_have_count(0)
    expect(locked_page.get_by_role("alert")).to_have_count(0)
    complaints.clear()


def test_links_into_the_api_work_with_the_key_of_the_tab(
    locked_page: Page, locked_server: Service, complaints: list[str]
) -> None:
    publish_random(locked_server, "linked", 2, 0)
    locked_page.goto("/models/linked")
    field = locked_page.get_by_label("API key")
    field.fill(token_of(locked_server))
    field.press("Enter")
    for words, name in (("Version as JSON", "linked-versions-1.json"), ("Matrix", "linked-versions-1-plot.svg")):
        with locked_page.expect_download() as found:
            locked_page.get_by_role("link", name=words).click()
        assert found.value.suggested_filename == name
        assert b"linked" in Path(found.value.path()).read_bytes() or name.endswith("svg")
    complaints.clear()
