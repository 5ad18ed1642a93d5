"""The loss chart: its picture in both themes, its ticks, and losses that a log scale cannot show."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import THEMES
from tests.browser.pictures import SAME, difference

_DRAW = """async (points) => {
  const { lossChart } = await import("/static/js/chart.js");
  const main = document.querySelector("main");
  main.replaceChildren(lossChart(points, 800));
}"""


TICKS: list[tuple[list[float | None], list[str]]] = [
    ([], ["0.1", "0.2", "0.5", "1"]),
    ([1.0], ["1", "2"]),
    ([0.03, 0.4], ["0.02", "0.05", "0.1", "0.2", "0.5"]),
    ([3e-8, 7.0], ["1e-8", "1e-6", "0.0001", "0.01", "1", "10"]),
    ([0.0, -1.0, None, 0.5, 0.2], ["0.2", "0.5"]),
]


def losses() -> list[dict[str, Any]]:
    """Three stages; the losses fall over three decades, the validation loss ends above the other."""
    found: list[dict[str, Any]] = []
    for stage, name in enumerate(("fit", "refine", "symbolify"), start=1):
        found.append({"stage": stage, "name": name, "step": 0})
        for step in range(1, 41):
            loss = 10.0 ** -(stage - 1 + step / 40)
            found.append(
                {"stage": stage, "name": name, "step": step, "train_loss": loss, "validation_loss": 1.5 * loss}
            )
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_the_chart_looks_as_it_did(page: Page, theme: str) -> None:
    page.goto("/train")
    page.get_by_label("Theme").select_option(theme)
    page.evaluate(_DRAW, losses())
    assert difference(page, page.locator(".chart"), f"loss-chart-{theme}") <= SAME


def test_a_picture_that_changed_is_noticed(page: Page) -> None:
    page.goto("/train")
    page.get_by_label("Theme").select_option("light")
    page.evaluate(_DRAW, losses()[:60])
    assert difference(page, page.locator(".chart"), "loss-chart-dark") > 0.5


def test_ticks_are_round_numbers_around_the_losses(page: Page) -> None:
    page.goto("/train")
    for points, ticks in TICKS:
        steps = enumerate(points, start=1)
        page.evaluate(_DRAW, [{"stage": 1, "name": "fit", "step": step, "train_loss": loss} for step, loss in steps])
        assert page.locator(".chart .grid + .label").all_text_contents() == ticks
        drawn = page.locator(".chart .line.train").get_attribute("d") or ""
        assert "NaN" not in drawn
        assert drawn.count("L") == max(0, sum(loss is not None and loss > 0 for loss in points) - 1)
