"""Bessel's functions J0 and J1 to rounding, on arrays and tensors alike: an integral near 0, Hankel's expansion beyond.

The compiled kernels and the exported programs have the same two forms, each written out in its own language.
"""

from math import pi, sin
from typing import Any

# Where the first form ends. There 16 terms of the expansion and 16 points of the integral both err below 1e-16.
FAR = 25.0
BESSEL_POINTS = HANKEL_TERMS = 16
# The integral over a quarter turn, by the midpoint rule, is the whole: its error is J of four times its points.
SINES = tuple(sin((k + 0.5) * pi / (2 * BESSEL_POINTS)) for k in range(BESSEL_POINTS))


def bessel(order: int, x: Any, numbers: Any) -> Any:
    """Gives J0(x) or J1(x), exact to rounding for every finite x, NaN for others.

    Args:
        order: 0 or 1.
        x: float64, of any shape.
        numbers: the module of x, numpy or torch.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.1.18 and 9.2.5 to 9.2.10.
    """
    is_near = numbers.abs(x) < FAR
    return numbers.where(is_near, _near(order, x, numbers), _far(order, numbers.where(is_near, FAR, x), numbers))


def hankel_coefficients(order: int) -> tuple[float, ...]:
    """Gives the coefficients of 1, 1/x, 1/x^2 and so on: those of even powers are P's, the others Q's."""
    found, term = [], 1.0
    for k in range(HANKEL_TERMS):
        found.append(term if k % 4 < 2 else -term)
        term *= (4 * order**2 - (2 * k + 1) ** 2) / (8 * (k + 1))
    return tuple(found)


def _near(order: int, x: Any, numbers: Any) -> Any:
    if order == 0:
        return sum(numbers.cos(sine * x) for sine in SINES) / BESSEL_POINTS
    return sum(sine * numbers.sin(sine * x) for sine in SINES) / BESSEL_POINTS


def _far(order: int, x: Any, numbers: Any) -> Any:
    """Gives (P cos(w) - Q sin(w)) sqrt(2 / pi x), w = x - (order + 1/2) pi/2, without the rounding of w."""
    size = numbers.abs(x)
    coefficients = hankel_coefficients(order)
    p = _polynomial(coefficients[::2], size**-2)
    q = _polynomial(coefficients[1::2], size**-2) / size
    cosine, sine, amplitude = numbers.cos(size), numbers.sin(size), numbers.sqrt(1.0 / (pi * size))
    if order == 0:
        return amplitude * (p * (cosine + sine) + q * (cosine - sine))
    return numbers.sign(x) * amplitude * (p * (sine - cosine) + q * (sine + cosine))


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    value: Any = 0.0
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value
