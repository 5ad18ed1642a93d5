"""A server that asks for keys: the page asks once, keeps the key in its tab and out of every address."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service


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
