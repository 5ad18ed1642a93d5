"""Diagram and matrix look as they did, in both themes: a few pixels of another machine's font may differ.

The pictures in golden/ are what a person looked at. Where a change is meant, take the new ones from the folder that the
failure names, look at them, and put them there.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Service
from tests.browser.conftest import THEMES
from tests.browser.models.conftest import settled
from tests.browser.models.store import publish_random

GOLDEN = Path(__file__).parent / "golden"
# Names are about a fiftieth of the pixels, and every font draws them otherwise.
LARGEST_SHARE = 0.03
_SHARE_THAT_DIFFERS = """async ([first, second]) => {
  const pixels = async (text) => {
    const image = new Image();
    image.src = `data:image/png;base64,${text}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [image.width, image.height, context.getImageData(0, 0, image.width, image.height).data];
  };
  const [a, b] = [await pixels(first), await pixels(second)];
  if (a[0] !== b[0] || a[1] !== b[1]) return 1;
  let count = 0;
  for (let at = 0; at < a[2].length; at += 4) {
    if ([0, 1, 2].some((k) => Math.abs(a[2][at + k] - b[2][at + k]) > 48)) count += 1;
  }
  return (4 * count) / a[2].length;
}"""


@pytest.fixture(scope="module")
def small(server: Service) -> str:
    """A model of 15 edges."""
    publish_random(server, "golden", 4, 3)
    return "golden"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", ["diagram", "matrix"])
def test_the_network_looks_as_it_did(page: Page, small: str, tmp_path: Path, view: str, theme: str) -> None:
    page.set_viewport_size({"width": 1600, "height": 1200})
    settled(page, f"/models/{small}")
    page.get_by_label("Theme").select_option(theme)
    if view == "matrix":
        page.get_by_role("button", name="Matrix").click()
    expect(page.locator("#picture [data-link]")).to_have_count(0 if view == "matrix" else 15)
    expect(page.locator("#picture circle.now")).to_have_count(15)
    picture = page.locator("#picture svg").screenshot(path=tmp_path / f"{view}-{theme}.png")
    page.goto("about:blank")
    both = [base64.b64encode(each).decode() for each in (picture, (GOLDEN / f"{view}-{theme}.png").read_bytes())]
    share = page.evaluate(_SHARE_THAT_DIFFERS, both)
    assert share <= LARGEST_SHARE, f"{share:.1%} of the pixels differ, see {tmp_path}"
