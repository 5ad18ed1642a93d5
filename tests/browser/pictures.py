"""Pictures of parts of the page, compared with those in tests/data/pictures, which a person looked at.

Where a change is meant, KAN_RENEW_PICTURES=1 takes them anew; look at them before they are committed.
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Locator, Page

FOLDER = Path("tests/data/pictures")
# Fonts and antialiasing differ from machine to machine: letters move, lines stay.
SAME = 0.02
# The browser unpacks and compares: how much of the picture differs by more than a quarter in some colour.
_COMPARE = """async ([one, other]) => {
  const pixels = await Promise.all([one, other].map(async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return [image.width, image.height, context.getImageData(0, 0, image.width, image.height).data];
  }));
  const [[width, height, a], [otherWidth, otherHeight, b]] = pixels;
  if (Math.abs(width - otherWidth) > 2 || Math.abs(height - otherHeight) > 2) return 1;
  let different = 0;
  for (let y = 0; y < Math.min(height, otherHeight); y++) for (let x = 0; x < Math.min(width, otherWidth); x++) {
    const [i, j] = [4 * (y * width + x), 4 * (y * otherWidth + x)];
    if ([0, 1, 2].some((k) => Math.abs(a[i + k] - b[j + k]) > 64)) different++;
  }
  return different / (width * height);
}"""


def difference(page: Page, part: Locator, name: str) -> float:
    """Gives the part of the pixels that differ from the kept picture, 0 where it was just taken."""
    taken, kept = part.screenshot(animations="disabled"), FOLDER / f"{name}.png"
    if os.environ.get("KAN_RENEW_PICTURES"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(taken)
    return float(page.evaluate(_COMPARE, [b64encode(each).decode() for each in (taken, kept.read_bytes())]))
