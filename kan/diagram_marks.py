"""The marks of a picture as SVG text: curves, bars, fitted and escaped names; what both views are built of."""

import unicodedata
from dataclasses import dataclass
from html import escape

import numpy as np

from kan.bspline import Array
from kan.diagram_edges import DrawnEdge

PADDING = 5.0
FONT_SIZE = 13
# What the bar of importance takes of a box.
BAR_HEIGHT = 5.0
# A curve flatter than this share of its size is drawn as constant: rounding errors are no shape.
FLAT_SHARE = 1e-9
# Characters that turn the writing direction of what follows, and those that XML cannot hold.
_DIRECTION = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_NOT_XML = {0xFFFE, 0xFFFF}


@dataclass(frozen=True)
class Box:
    """A rectangle in px, y downwards."""

    x: float
    y: float
    width: float
    height: float


def edge_mark(edge: DrawnEdge, box: Box, plot: Box, *, is_first: bool, name: str = "", has_bar: bool = False) -> str:
    """Gives one edge: its box, its curve or bars, its words; the first can be reached by the Tab key.

    Args:
        edge: the edge.
        box: where.
        plot: the part of the box that the curve has.
        is_first: the first edge of the picture.
        name: the text of a function's name, in the rest of the box.
        has_bar: with the importance as a bar at the bottom.
    """
    words = escaped(edge.label)
    return (
        f'<g class="e {edge.kind}" data-edge="{edge.layer},{edge.source},{edge.target}" '
        f'tabindex="{0 if is_first else -1}" role="img" aria-label="{words}"><title>{words}</title>'
        f"{rectangle(box, 'b', 4)}{'' if edge.kind == 'pruned' else _inside(edge, box, plot, has_bar)}{name}</g>"
    )


def _inside(edge: DrawnEdge, box: Box, plot: Box, has_bar: bool) -> str:
    bar = Box(box.x + PADDING, box.y + box.height - BAR_HEIGHT, (box.width - 2 * PADDING) * edge.importance, 2.5)
    curve = (
        levels_path(edge.y, plot, edge.ends) if edge.kind == "levels" else curve_path(edge.x, edge.y, plot, edge.ends)
    )
    return (
        f'<path class="c" stroke-opacity="{max(edge.opacity, 0.45):.2f}" d="{curve}"/>'
        f"{rectangle(bar, 'i', 1) if has_bar else ''}"
    )


def curve_path(x: Array, y: Array, box: Box, ends: tuple[float, float] | None = None) -> str:
    """Gives a polyline in whole tenths of a px, each point relative to the last: about 5 bytes a point.

    Points where y is not finite are left out.

    Args:
        x, y: (points,).
        box: where.
        ends: the values at its bottom and top; None = the least and the largest y.
    """
    across = box.x + PADDING + (x - x[0]) / (float(x[-1] - x[0]) or 1.0) * (box.width - 2 * PADDING)
    drawn = np.isfinite(y)
    return polyline(across[drawn], _heights(y[drawn], box, ends)) if drawn.any() else ""


def polyline(x: Array, y: Array) -> str:
    """Gives the path through points in px, empty without any."""
    if not len(x):
        return ""
    xs, ys = _tenths(x), _tenths(y)
    steps = " ".join(f"{dx / 10:g} {dy / 10:g}" for dx, dy in zip(np.diff(xs), np.diff(ys), strict=True))
    return f"M{xs[0] / 10:g} {ys[0] / 10:g}l{steps}"


def levels_path(values: Array, box: Box, ends: tuple[float, float] | None = None) -> str:
    """Gives one bar a level, from zero to its value; `ends` as of a curve."""
    values = np.asarray(values)
    heights = _heights(np.append(values, 0.0), box, ends)
    zero, step = heights[-1], (box.width - 2 * PADDING) / len(values)
    gap = min(2.0, step / 4)
    bars = []
    for position, height in enumerate(heights[:-1]):
        left, right = box.x + PADDING + position * step + gap / 2, box.x + PADDING + (position + 1) * step - gap / 2
        bars.append(f"M{number(left)} {number(zero)}V{number(height)}H{number(right)}V{number(zero)}z")
    return "".join(bars)


def rectangle(box: Box, kind: str, radius: float) -> str:
    """Gives a rounded rectangle of a class."""
    return (
        f'<rect class="{kind}" x="{number(box.x)}" y="{number(box.y)}" '
        f'width="{number(box.width)}" height="{number(box.height)}" rx="{radius:g}"/>'
    )


def label(text: str, x: float, y: float, *, width: float, anchor: str = "start", kind: str = "") -> str:
    """Gives a name that is never wider than `width` px: cut with an ellipsis, whole in its title."""
    shown = fitted(text, width)
    title = f"<title>{escaped(text)}</title>" if shown != cleaned(text) else ""
    css = f' class="{kind}"' if kind else ""
    return f'<text{css} x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(shown)}{title}</text>'


def fitted(text: str, width: float) -> str:
    """Gives the text, or as much of its start as fits with an ellipsis."""
    text = cleaned(text)
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def text_width(text: str) -> float:
    """Gives an estimate of the width in px that errs on the wide side: there is no font to ask."""
    return sum(_character_width(character) for character in text)


def escaped(text: str) -> str:
    """Gives text that is safe in an element and in a quoted attribute."""
    return escape(cleaned(text), quote=True)


def cleaned(text: str) -> str:
    """Gives the text without what XML refuses or what turns the direction of writing around it."""
    return "".join(_clean_character(character) for character in text)


def number(value: float) -> str:
    """Gives a number with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def _clean_character(character: str) -> str:
    code = ord(character)
    if code in _DIRECTION:
        return ""
    if character in "\t\n\r":
        return " "
    return "\ufffd" if code in _NOT_XML or unicodedata.category(character) in ("Cc", "Cs") else character


def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return FONT_SIZE * 1.05
    if unicodedata.combining(character):
        return 0.0
    if character in "mwMW@%—…":
        return FONT_SIZE * 0.95
    if character in "ijlI.,:;|!'()[] ftr":
        return FONT_SIZE * 0.42
    return FONT_SIZE * (0.72 if character.isupper() else 0.62)


def _heights(y: Array, box: Box, ends: tuple[float, float] | None) -> Array:
    """Gives y in px between the box's paddings; a constant on its own scale goes through the middle."""
    low, high = ends or (float(np.min(y)), float(np.max(y)))
    middle = box.y + box.height / 2
    # Halves, which are exact: the two ends may be further apart than a float tells.
    y, low, high = y / 2, low / 2, high / 2
    if not high - low > FLAT_SHARE * max(abs(low), abs(high)):
        return np.full(len(y), middle)
    return np.asarray(box.y + box.height - PADDING - (y - low) / (high - low) * (box.height - 2 * PADDING))


def _tenths(values: Array) -> list[int]:
    return [int(value) for value in np.rint(values * 10)]
