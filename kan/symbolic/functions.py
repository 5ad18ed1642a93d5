"""The library of functions an edge can be snapped to: each with its name, its value and its slope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Points of the midpoint rule behind Bessel's functions: it is exact to rounding while |x| stays well below them.
BESSEL_POINTS = 400


@dataclass(frozen=True)
class Function:
    """One function of the library, on whole arrays; what lies outside its domain is not finite."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _power(exponent: int) -> Function:
    return Function(lambda x: x**exponent, lambda x: exponent * x ** (exponent - 1))


def _inverse_power(exponent: int) -> Function:
    return Function(lambda x: 1.0 / x**exponent, lambda x: -exponent / x ** (exponent + 1))


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def bessel_j0(x: Array) -> Array:
    """Gives J0(x), by its integral; exact to rounding for |x| <= 300, not to be used beyond.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.1.18.
    """
    angle = (np.arange(BESSEL_POINTS) + 0.5) * pi / BESSEL_POINTS
    return np.asarray(np.cos(np.multiply.outer(x, np.sin(angle))).mean(-1))


def _minus_bessel_j1(x: Array) -> Array:
    angle = (np.arange(BESSEL_POINTS) + 0.5) * pi / BESSEL_POINTS
    return np.asarray(-(np.sin(np.multiply.outer(x, np.sin(angle))) * np.sin(angle)).mean(-1))


# The place in this table is the number by which compiled kernels know a function: new ones go to the end.
FUNCTIONS: Mapping[str, Function] = {
    "x": Function(lambda x: x, np.ones_like),
    "x^2": _power(2),
    "x^3": _power(3),
    "x^4": _power(4),
    "x^5": _power(5),
    "1/x": _inverse_power(1),
    "1/x^2": _inverse_power(2),
    "1/x^3": _inverse_power(3),
    "1/x^4": _inverse_power(4),
    "1/x^5": _inverse_power(5),
    "sqrt": Function(np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "1/sqrt": Function(lambda x: 1.0 / np.sqrt(x), lambda x: -0.5 / (x * np.sqrt(x))),
    "exp": Function(np.exp, np.exp),
    "log": Function(np.log, lambda x: 1.0 / x),
    "abs": Function(np.abs, np.sign),
    "sin": Function(np.sin, np.cos),
    "cos": Function(np.cos, lambda x: -np.sin(x)),
    "tan": Function(np.tan, lambda x: 1.0 + np.tan(x) ** 2),
    "tanh": Function(np.tanh, lambda x: 1.0 - np.tanh(x) ** 2),
    "sigmoid": Function(_sigmoid, lambda x: _sigmoid(x) * (1.0 - _sigmoid(x))),
    "sgn": Function(np.sign, np.zeros_like),
    "arcsin": Function(np.arcsin, lambda x: 1.0 / np.sqrt(1.0 - x**2)),
    "arccos": Function(np.arccos, lambda x: -1.0 / np.sqrt(1.0 - x**2)),
    "arctan": Function(np.arctan, lambda x: 1.0 / (1.0 + x**2)),
    "arctanh": Function(np.arctanh, lambda x: 1.0 / (1.0 - x**2)),
    "gaussian": Function(lambda x: np.exp(-(x**2)), lambda x: -2.0 * x * np.exp(-(x**2))),
    "j0": Function(bessel_j0, _minus_bessel_j1),
}
NUMBERS: Mapping[str, int] = {name: number for number, name in enumerate(FUNCTIONS)}
