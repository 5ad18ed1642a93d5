"""Hypotheses about a function that a network has learnt: does it split into parts, is it one of a sum or a product?

Each is put to the function by differences on rows, without a formula and without derivatives of the network; the score
is 0 where the hypothesis holds, whatever the units.

Source: Liu et al., arXiv 2408.10205, section 4.3 (separability and symmetry).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kan.state import Array

Predict = Callable[[Array], Array]
Separability = Literal["additive", "multiplicative"]
Symmetry = Literal["sum", "difference", "product", "ratio"]

# Of the span of a column: splines are smooth on it, and rounding stays far below.
STEP = 1e-4
# A change that is so small a share of the function's size is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Axis:
    """A number column among the network's inputs: value in the user's units = scale * input + shift."""

    place: int
    shift: float = 0.0
    scale: float = 1.0

    def raw(self, x: Array) -> Array:
        """Gives the column of (rows, inputs) in the user's units."""
        values: Array = self.scale * x[:, self.place] + self.shift
        return values


def separability_scores(
    predict: Predict, x: Array, inputs: Sequence[int], kind: Separability, *, seed: int = 0
) -> Array:
    """Gives how far each output is from g(inputs) + h(others), or from g(inputs) * h(others).

    With rows (a, b) and (a', b') of inputs and others, a sum has f(a, b) + f(a', b') = f(a, b') + f(a', b), and a
    product f(a, b) * f(a', b') = f(a, b') * f(a', b). The score is the root mean square of what is left, halved, over
    the standard deviation of f, and for a product over its root mean square too, so that a constant that is added
    does not hide it.

    Args:
        predict: (rows, inputs) -> (rows, outputs), in units in which the question is asked.
        x: (rows, inputs), at least two rows.
        inputs: places of the first group; all others are the second.
        kind: additive or multiplicative.
        seed: of the pairs of rows.

    Returns:
        (outputs,); 0 where it holds, NaN for an output that does not vary.
    """
    order = np.random.default_rng(seed).permutation(len(x))
    # Each row with the next one of a random round: none with itself.
    other = np.empty(len(x), dtype=np.int64)
    other[order] = np.roll(order, 1)
    mixed = x.copy()
    mixed[:, list(inputs)] = x[other][:, list(inputs)]
    swapped = x[other].copy()
    swapped[:, list(inputs)] = x[:, list(inputs)]
    f, g, left, right = (predict(rows) for rows in (x, x[other], mixed, swapped))
    if kind == "additive":
        return _root_mean_square(f + g - left - right) / 2 / _spread(f)
    return _root_mean_square(f * g - left * right) / 2 / (_spread(f) * _root_mean_square(f))


def symmetry_scores(predict: Predict, x: Array, first: Axis, second: Axis, kind: Symmetry) -> Array:
    """Gives how far each output is from a function of a + b, a - b, a * b or a / b (and of the other inputs).

    Such a function has f_a = f_b, f_a = -f_b, a * f_a = b * f_b or a * f_a = -b * f_b. The score is the root mean
    square of the difference over that of both sides together.

    Args:
        predict: (rows, inputs) -> (rows, outputs).
        x: (rows, inputs), at least two rows.
        first, second: a and b, in the user's units.
        kind: which of the four.

    Returns:
        (outputs,); 0 where it holds, at most the square root of 2; NaN for an output that depends on neither.
    """
    left, right = (_slope(predict, x, axis) for axis in (first, second))
    if kind in ("product", "ratio"):
        left, right = (side * axis.raw(x)[:, None] for side, axis in ((left, first), (right, second)))
    apart = left - right if kind in ("sum", "product") else left + right
    both = np.sqrt(np.mean(left**2 + right**2, axis=0))
    span = max(np.ptp(first.raw(x)), np.ptp(second.raw(x)))
    least = ROUNDING / STEP * _root_mean_square(predict(x))
    return np.where(both * span > least, _root_mean_square(apart) / np.where(both > 0, both, 1.0), np.nan)


def _slope(predict: Predict, x: Array, axis: Axis) -> Array:
    """Gives (rows, outputs): the difference quotient by the column; steps stay inside its range."""
    low, high = float(x[:, axis.place].min()), float(x[:, axis.place].max())
    step = STEP * (high - low)
    ends = []
    for sign in (-1.0, 1.0):
        moved = x.copy()
        moved[:, axis.place] = np.clip(x[:, axis.place] + sign * step, low, high)
        ends.append(moved)
    width = axis.raw(ends[1]) - axis.raw(ends[0])
    change = predict(ends[1]) - predict(ends[0])
    return np.asarray(change / np.where(width == 0, 1.0, width)[:, None])


def _spread(f: Array) -> Array:
    """Gives the standard deviation of each output, NaN where it does not vary."""
    spread = f.std(axis=0)
    return np.where(spread > ROUNDING * np.abs(f).max(axis=0), spread, np.nan)


def _root_mean_square(values: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(values**2, axis=0)))
