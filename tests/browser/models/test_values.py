"""Values to try: the prediction is the API's, outside the range with a warning, and on every curve is a dot."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kan.encoding import NumberInput, NumberOutput
from tests.acceptance.conftest import Service
from tests.browser.models.conftest import predicted, settled
from tests.browser.models.store import publish
from tests.service.conftest import network


def shown_prediction(page: Page) -> float:
    return float(page.locator("[data-output]").inner_text().replace(",", ""))


def test_a_value_outside_the_training_range_is_predicted_with_a_warning(
    page: Page, server: Service, waves: str
) -> None:
    settled(page, f"/models/{waves}?version=1")
    assert page.locator("#picture circle.now").count() == 2
    page.get_by_label("t", exact=True).fill("5")
    expect(page.locator("#outside")).to_contain_text("t outside -2 to 2")
    assert shown_prediction(page) == pytest.approx(predicted(server, waves, 1, [5.0, 0.0]), rel=1e-4, abs=1e-6)
    page.get_by_label("t, slider").fill("1")
    expect(page.locator("#outside")).to_be_hidden()
    assert shown_prediction(page) == pytest.approx(predicted(server, waves, 1, [1.0, 0.0]), rel=1e-4)
    expect(page.locator("#residuals [role=status]")).to_contain_text("rows predicted most like this")


def test_a_prediction_has_the_interval_that_the_test_rows_promise(page: Page, server: Service, waves: str) -> None:
    settled(page, f"/models/{waves}?version=1")
    asked = server.http.post(f"/v1/models/{waves}/versions/1/predict?interval=0.9", json={"rows": [[0.0, 0.0]]}).json()
    low, high = (float(asked["interval"][end][0][0]) for end in ("low", "high"))
    words = page.locator("#interval")
    expect(words).to_contain_text("holds for 90 % of rows like the 24 test rows.")
    (shown,) = re.findall(r"± ([0-9.]+(?:e-?[0-9]+)?) holds", words.inner_text())
    assert float(shown) == pytest.approx((high - low) / 2, rel=0.05)
    interval = {"level": 0.9, "test_rows": 24, "low": [[1.0, -3.0]], "high": [[2.0, 5.0]]}
    several = page.evaluate(
        "async (answer) => (await import('/static/model/interval.js')).intervalWords(answer)",
        {"outputs": ["a", "b"], "interval": interval},
    )
    assert several == "a ± 0.5, b ± 4: each holds for 90 % of rows like the 24 test rows."


def test_the_dot_lies_where_the_curve_has_the_value(page: Page, waves: str) -> None:
    settled(page, f"/models/{waves}?version=1")
    page.get_by_label("u", exact=True).fill("1")
    place = """() => {
      const edge = document.querySelector('#picture [data-edge="0,1,0"]'), dot = edge.querySelector("circle.now");
      const box = edge.querySelector("path.c").getBBox();
      const across = (dot.cx.baseVal.value - box.x) / box.width, up = 1 - (dot.cy.baseVal.value - box.y) / box.height;
      return across > 0.6 ? [across, up] : null;
    }"""
    across, up = page.wait_for_function(place).json_value()
    assert (across, up) == (pytest.approx(0.75, abs=0.01), pytest.approx(0.25, abs=0.02))


def test_a_refusal_takes_the_last_answer_off_the_page(page: Page, waves: str, complaints: list[str]) -> None:
    settled(page, f"/models/{waves}?version=1")
    shown, why = page.locator("[data-output]"), page.locator("#outside")
    near = page.locator("#residuals [role=status]")
    expect(near).to_contain_text("rows predicted most like this")
    page.get_by_label("t", exact=True).fill("")
    expect(why).to_have_text("Type a number for every input.")
    assert (shown.inner_text(), page.locator("#contributions").inner_text()) == ("–", "")
    assert page.locator("#picture .now, #inputs .sweep").count() == 0
    expect(near).to_be_hidden()
    refusal = {"type": "about:blank", "title": "Invalid rows", "status": 422, "detail": "no finite result"}
    page.route("**/predict*", lambda route: route.fulfill(status=422, json=refusal))
    page.get_by_label("t", exact=True).fill("1")
    expect(why).to_have_text("no finite result")
    expect(shown).to_have_text("–")
    page.unroute("**/predict*")
    complaints.clear()
    page.get_by_label("t", exact=True).fill("0.5")
    expect(why).to_be_hidden()
    assert page.locator("[role=alert]").count() == 0
    expect(shown).not_to_have_text("–")


def test_the_ends_of_a_slider_are_those_of_the_training_range_whatever_the_column_is_called(
    page: Page, server: Service
) -> None:
    low, high = 0.0312345678, 30.596744601
    field = NumberInput("constructor", "constructor", 15.3, 15.3, low, high)
    publish(server, network((field,), (NumberOutput("y", 0.0, 1.0),)), "volumes")
    settled(page, "/models/volumes")
    slider, value = page.get_by_label("constructor, slider"), page.get_by_label("constructor", exact=True)
    expect(value).to_have_value("15.0")
    for key, end in (("End", high), ("Home", low)):
        slider.press(key)
        expect(value).to_have_value(str(end))
        page.wait_for_load_state("networkidle")
        expect(page.locator("#outside")).to_be_hidden()
