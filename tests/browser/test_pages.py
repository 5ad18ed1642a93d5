"""Every page: nothing goes wrong, nothing is wider than the screen, and axe finds no fault, in both themes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from service.ui.words import number
from tests.acceptance.conftest import ROOT, Service
from tests.browser.conftest import THEMES, WIDTHS

# Where each page is, and what is there when its script is done.
PAGES = {
    "data": ("/", "#datasets table"),
    "data set": ("/datasets/{dataset}", ".histogram"),
    "training": ("/train?dataset={dataset}", "#said ul"),
    "jobs": ("/jobs", "#job-list table"),
    "job": ("/jobs/{job}", ".chart"),
    "models": ("/models", "main img"),
    "error": ("/v1/jobs/nope", ".error"),
}


@pytest.fixture(scope="module")
def places(server: Service) -> dict[str, str]:
    """The ids of a data set and of a job that has ended."""
    dataset = server.upload("penguins", (ROOT / "examples" / "data" / "penguins.csv").read_bytes())
    job = server.submit(dataset=dataset, targets=["species"], preset="quick")
    assert server.ended(job)["status"] == "succeeded"
    return {"dataset": dataset, "job": job}


def faults_of(page: Page, **options: Any) -> list[str]:
    """What axe finds on a page as it is now."""
    found: dict[str, Any] = Axe().run(page, options=options).response
    return [
        f"{fault['id']}: {fault['help']} {json.dumps([node['target'] for node in fault['nodes']][:5])}"
        for fault in found["violations"]
    ]


def is_wider_than_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_width_and_has_no_fault(
    page: Page, places: dict[str, str], complaints: list[str], name: str
) -> None:
    address, sign = PAGES[name]
    page.goto(address.format(**places))
    page.locator(sign).first.wait_for()
    for fold in page.locator("main details").all():
        fold.evaluate("fold => fold.open = true")
    for theme in THEMES:
        page.get_by_label("Theme").select_option(theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert not is_wider_than_screen(page), (theme, width)
            # Colours, the dear part, do not change with the width.
            rules = {} if width == WIDTHS[0] else {"color-contrast": {"enabled": False}}
            assert faults_of(page, rules=rules) == [], (theme, width)
    assert [each for each in complaints if name != "error" or "status of 404" not in each] == []
    complaints.clear()


def test_at_twice_the_size_nothing_is_wider_than_the_screen(page: Page, places: dict[str, str]) -> None:
    for address, sign in (PAGES["data set"], PAGES["training"], PAGES["job"]):
        page.goto(address.format(**places))
        page.locator(sign).first.wait_for()
        page.set_viewport_size({"width": 1280 // 2, "height": 400})
        assert not is_wider_than_screen(page), address


def test_models_are_shown_with_their_pictures(page: Page, places: dict[str, str]) -> None:
    assert places
    page.goto("/models")
    picture = page.get_by_alt_text("Network of penguins")
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


def test_without_scripts_the_lists_are_there(browser: Browser, server: Service, places: dict[str, str]) -> None:
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    for address in ("/", "/train"):
        page.goto(address)
        expect(page.get_by_role("link", name="penguins").first).to_be_visible()
    page.goto(f"/datasets/{places['dataset']}")
    expect(page.get_by_role("cell", name="flipper_length_mm")).to_be_visible()
    page.goto("/jobs")
    expect(page.get_by_role("link", name=places["job"])).to_be_visible()
    page.goto(f"/jobs/{places['job']}")
    expect(page.get_by_text("succeeded").first).to_be_visible()
    page.goto("/models")
    assert page.get_by_alt_text("Network of penguins").evaluate("image => image.complete")
    context.close()


def test_the_api_page_is_whole_without_any_other_host(page: Page) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    found = Axe().run(page, context={"exclude": [["#swagger-ui"]]}).response["violations"]
    assert [fault["id"] for fault in found] == []
    expect(page.get_by_role("navigation").get_by_role("link", name="Jobs")).to_be_visible()


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


def test_numbers_read_as_the_server_writes_them(page: Page) -> None:
    page.goto("/train")
    values = [0.0, 3.0, 1234, 1234.567, 99_999.6, 245_123.4, -7.65432e11, 1.23456e14, 9.9999999e14, 2.5e18]
    values += [0.1, 0.123456, 0.000123456, 9.99999e-5, -1.23456e-5, 1e-8]
    read = 'async values => values.map((await import("/static/js/words.js")).number)'
    assert page.evaluate(read, values) == [number(value) for value in values]


def test_the_python_of_a_call_runs_and_prints_the_answer(
    page: Page, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    job, version = f"/v1/jobs/{places['job']}", "/v1/models/penguins/versions/1"
    page.goto("/train")
    for call, words in (
        ({"path": job}, f"{{'id': '{places['job']}'"),
        ({"path": f"{version}/plot.svg"}, "<svg"),
        (
            {"path": f"{version}/predictions", "query": {"dataset": places["dataset"]}, "accept": "text/csv"},
            "prediction",
        ),
        ({"path": f"{job}/events", "accept": "text/event-stream"}, "event: end"),
    ):
        written = 'async call => (await import("/static/js/call.js")).written(call).Python'
        exec(page.evaluate(written, {"method": "GET", **call}), {})
        assert words in capsys.readouterr().out, call


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
