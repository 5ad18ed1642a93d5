"""A picture as PNG, for places that show no SVG: drawn from the same SVG by resvg, an optional package."""

from __future__ import annotations

import re
from functools import cache
from math import ceil, isqrt
from types import ModuleType

from kan.diagram_theme import with_plain_colours
from service.domain.errors import PngUnavailable

MAX_PIXELS = 2_000_000

_SIZE = re.compile(r'width="(\d+)" height="(\d+)"')
_NO_PACKAGE = "PNG needs the extra png: pip install 'kan-service[png]'; plot.svg is the same picture"
_NO_FONT = "no font was found to write names with; install one, such as DejaVu Sans; plot.svg is the same picture"


def png_of(svg: str, scale: float, *, fonts: bool = True) -> bytes:
    """Gives a picture of `kan.diagram` in one theme, light or dark, as PNG.

    Args:
        svg: the picture.
        scale: pixels for each px of it; less where there would be more than 2,000,000 of them.
        fonts: whether the fonts of this machine are used.

    Raises:
        PngUnavailable: resvg is not installed, or it finds no font.
    """
    resvg = _resvg()
    # Without a font resvg leaves text out and says nothing.
    if not _writes(resvg, fonts):
        raise PngUnavailable(_NO_FONT)
    plain, width = with_plain_colours(svg), _width(svg, scale)
    drawn = resvg.svg_to_bytes(svg_string=plain, width=width, skip_system_fonts=not fonts)
    return bytes(drawn)


def png_version() -> str:
    """Gives what else than the SVG decides on the bytes.

    Raises:
        PngUnavailable: resvg is not installed.
    """
    return str(_resvg().__version__)


def _resvg() -> ModuleType:
    # Here, not above: the service runs without it.
    try:
        import resvg_py  # noqa: PLC0415
    except ImportError:
        raise PngUnavailable(_NO_PACKAGE) from None
    return resvg_py


@cache
def _writes(resvg: ModuleType, fonts: bool) -> bool:
    """Says whether text leaves a mark."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" width="20" height="20">{}</svg>'
    text = '<text x="2" y="15" style="font:13px system-ui,&quot;DejaVu Sans&quot;,sans-serif">x</text>'
    empty, written = (
        resvg.svg_to_bytes(svg_string=svg.format(marks), skip_system_fonts=not fonts) for marks in ("", text)
    )
    return bool(empty != written)


def _width(svg: str, scale: float) -> int:
    """Gives the pixels across; resvg gives the picture as many down as keep its shape, a part of one as a whole one."""
    found = _SIZE.search(svg)
    assert found is not None
    width, height = int(found[1]), int(found[2])
    across = max(1, min(round(width * scale), isqrt(MAX_PIXELS * width // height)))
    while across > 1 and across * ceil(across * height / width) > MAX_PIXELS:
        across -= 1
    return across
