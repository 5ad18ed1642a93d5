"""Where the search for `f(b * t + c)` begins: intervals of the argument while t runs over [-1, 1]."""

from collections.abc import Callable
from math import pi

import numpy as np

from kan.symbolic.functions import Array

# Half-widths of the argument's interval for functions that bend once or twice.
WIDTHS = np.geomspace(0.1, 40.0, 18)
# Middles of the interval in half-widths: how far from it the function's own centre lies.
CENTRES = np.array([0, 0.12, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0])
# The same for functions with an end or a pole, which must lie outside: 1 is at the very edge.
BEYOND = np.array([1.0, 1.001, 1.01, 1.03, 1.06, 1.1, 1.2, 1.35, 1.6, 2.0, 2.7, 4.0, 7.0, 15.0])

Starts = tuple[Array, Array]


def argument_starts(function: str, samples: int) -> Starts:
    """Gives slopes b and shifts c, each (starts,).

    Args:
        function: a name of the library.
        samples: how many there are: waves are looked for up to half of them.
    """
    return _FAMILIES.get(function, _bend)(samples)


def _both_sides(slopes: Array, shifts: Array) -> Starts:
    return np.concatenate([slopes, slopes]), np.concatenate([shifts, -shifts])


def _single(_: int) -> Starts:
    return np.array([1.0]), np.array([0.0])


def _bend(_: int) -> Starts:
    widths, centres = (part.ravel() for part in np.meshgrid(WIDTHS, CENTRES))
    return _both_sides(widths, widths * centres)


def _power(_: int) -> Starts:
    """A power bends at one place only, inside or outside; its width is a factor."""
    return _both_sides(np.ones_like(CENTRES), CENTRES)


def _pole(_: int) -> Starts:
    return _both_sides(np.ones(len(BEYOND) - 1), BEYOND[1:])


def _root(_: int) -> Starts:
    """A function of positive numbers runs one way or the other."""
    return np.repeat([1.0, -1.0], len(BEYOND)), np.tile(BEYOND, 2)


def _exponential(_: int) -> Starts:
    slopes = np.concatenate([WIDTHS, -WIDTHS])
    return slopes, np.zeros_like(slopes)


def _wave(samples: int) -> Starts:
    slopes = np.arange(0.25, pi * (samples - 1) / 4, 0.35)
    phases = np.arange(0.0, pi, pi / 8)
    return np.repeat(slopes, len(phases)), np.tile(phases, len(slopes))


def _bessel(samples: int) -> Starts:
    """Waves around a centre inside the samples or next to them."""
    slopes = np.arange(0.5, min(pi * (samples - 1) / 4, 120.0), 1.0)
    centres = np.array([0.0, 0.5, 1.0])
    return _both_sides(np.repeat(slopes, len(centres)), np.outer(slopes, centres).ravel())


def _within_one(_: int) -> Starts:
    """The argument stays within [-1, 1]."""
    widths = np.array([0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 0.995])
    shares = np.array([0.0, 0.4, 0.8, 0.99])
    slopes, shifts = np.repeat(widths, len(shares)), np.outer(1 - widths, shares).ravel()
    return _both_sides(slopes, shifts)


def _tangent(_: int) -> Starts:
    slopes, shifts = _within_one(0)
    return slopes * pi / 2, shifts * pi / 2


_FAMILIES: dict[str, Callable[[int], Starts]] = {
    "x": _single,
    **dict.fromkeys(("x^2", "x^3", "x^4", "x^5", "abs", "sgn"), _power),
    **dict.fromkeys(("1/x", "1/x^2", "1/x^3", "1/x^4", "1/x^5"), _pole),
    **dict.fromkeys(("sqrt", "1/sqrt", "log"), _root),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), _within_one),
    **dict.fromkeys(("sin", "cos"), _wave),
    "exp": _exponential,
    "tan": _tangent,
    "j0": _bessel,
}
