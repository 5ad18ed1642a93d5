"""Axes of a picture: round numbers between two ends, each with its place in px."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

import numpy as np

from kan.bspline import Array
from kan.diagram_marks import FLAT_SHARE, Box, label, number, text_width

# Intervals between an axis's numbers, as many as have room.
MOST_INTERVALS = (6, 4, 2)
TICK_LENGTH = 4.0
# Beyond these a number is written with an exponent.
LARGEST_PLAIN, LEAST_PLAIN = 1e6, 1e-4
# No axis is longer, so that differences of its numbers are still numbers.
LARGEST = 1e300


@dataclass(frozen=True)
class Scale:
    """Numbers in [low, high] as places between two ends in px.

    Attributes:
        low, high: numbers; the same ones mean a constant, which has its place in the middle.
        start, end: px of low and of high.
    """

    low: float
    high: float
    start: float
    end: float

    @property
    def is_flat(self) -> bool:
        """Whether there is nothing between the ends but rounding."""
        return not self.high - self.low > FLAT_SHARE * max(abs(self.low), abs(self.high))

    def places(self, values: Array) -> Array:
        """Gives the place of each value, px."""
        if self.is_flat:
            return np.full(len(values), (self.start + self.end) / 2)
        share = (np.clip(values, -LARGEST, LARGEST) - self.low) / (self.high - self.low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self) -> dict[str, float]:
        """Gives the text and place of each round number, as many as have room; of a constant its own."""
        if self.is_flat:
            return {number_text(self.low, 0.0): (self.start + self.end) / 2}
        found: dict[str, float] = {}
        for most in MOST_INTERVALS:
            values = round_numbers(self.low, self.high, most)
            step = values[1] - values[0] if len(values) > 1 else 0.0
            texts = [number_text(value, step) for value in values]
            found = dict(zip(texts, self.places(np.array(values)).tolist(), strict=True))
            if sum(text_width(text) for text in texts) < abs(self.end - self.start):
                break
        return found


def scale_of(values: Array, start: float, end: float) -> Scale:
    """Gives the scale that the finite ones of some values fill; without any, the one around 0."""
    finite = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
    if not len(finite):
        return Scale(0.0, 0.0, start, end)
    return Scale(float(finite.min()), float(finite.max()), start, end)


def round_numbers(low: float, high: float, most: int) -> list[float]:
    """Gives the multiples of 1, 2 or 5 times a power of ten in [low, high], at most so many intervals apart.

    >>> round_numbers(-0.3, 7.9, 5)
    [0.0, 2.0, 4.0, 6.0]
    """
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [multiple * step for multiple in range(first, last + 1)]


def number_text(value: float, step: float) -> str:
    """Gives a number with the digits in which it differs from one a step away; step 0 = by itself.

    >>> number_text(0.30000000000000004, 0.1), number_text(2e9, 1e9), number_text(12.3456, 0.0)
    ('0.3', '2e+09', '12.35')
    """
    size = max(abs(value), abs(step))
    if value == 0:
        return "0"
    if not isfinite(size) or not step or not abs(step) >= LEAST_PLAIN or size >= LARGEST_PLAIN:
        return f"{value:.4g}"
    return f"{value:.{max(0, -floor(log10(abs(step)) + 1e-9))}f}"


def x_axis(scale: Scale, y: float) -> str:
    """Gives a horizontal axis with its numbers below."""
    marks = [_line(scale.start, y, scale.end, y)]
    for text, x in scale.ticks().items():
        marks.append(_line(x, y, x, y + TICK_LENGTH))
        marks.append(label(text, x, y + TICK_LENGTH + 13, width=90, anchor="middle", kind="h"))
    return "".join(marks)


def y_axis(scale: Scale, x: float) -> str:
    """Gives a vertical axis with its numbers to the left."""
    marks = [_line(x, scale.start, x, scale.end)]
    for text, y in scale.ticks().items():
        marks.append(_line(x - TICK_LENGTH, y, x, y))
        marks.append(label(text, x - TICK_LENGTH - 4, y + 4.5, width=90, anchor="end", kind="h"))
    return "".join(marks)


def strip(counts: Sequence[int], box: Box) -> str:
    """Gives counts as bars that stand on the lower end of a box, the largest as high as it."""
    most, width = max(counts), box.width / len(counts)
    bars = []
    for place, count in enumerate(counts):
        if count:
            height = max(1.0, count / most * box.height)
            x = box.x + place * width
            bars.append(
                f"M{number(x)} {number(box.y + box.height)}v{number(-height)}h{number(width)}v{number(height)}z"
            )
    return f'<path class="d" d="{"".join(bars)}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="a" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'
