"""Value and slope of the library's functions for one number, tested against `kan.symbolic.functions`."""

import math

from kan.kernels.cpu.compiled import compiled

# Of the two forms of Bessel's functions, as in kan.symbolic.bessel.
FAR, BESSEL_POINTS, HANKEL_TERMS = 25.0, 16, 16
SINES = tuple(math.sin((k + 0.5) * math.pi / (2 * BESSEL_POINTS)) for k in range(BESSEL_POINTS))
LAST_POWER = 4
LAST_INVERSE_POWER = 9


@compiled
def function_value(number, x):
    """Gives f(x); not finite outside its domain."""
    if number <= LAST_POWER:
        return _power(x, number + 1)
    if number <= LAST_INVERSE_POWER:
        return 1.0 / _power(x, number - LAST_POWER)
    if number < 15:
        return _root_or_logarithm(number, x)
    if number < 20:
        return _circle_or_step(number, x)
    if number < 25:
        return _inverse_circle(number, x)
    return math.exp(-x * x) if number == 25 else _bessel(x, 0)


@compiled
def function_slope(number, x):
    """Gives f'(x); 0 at the corner of abs and at the step of sgn."""
    if number <= LAST_POWER:
        return (number + 1) * _power(x, number)
    if number <= LAST_INVERSE_POWER:
        return -(number - LAST_POWER) / _power(x, number - LAST_POWER + 1)
    if number < 15:
        return _root_or_logarithm_slope(number, x)
    if number < 20:
        return _circle_or_step_slope(number, x)
    if number < 25:
        return _inverse_circle_slope(number, x)
    return -2.0 * x * math.exp(-x * x) if number == 25 else -_bessel(x, 1)


@compiled
def _power(x, exponent):
    total = 1.0
    for _ in range(exponent):
        total *= x
    return total


@compiled
def _root_or_logarithm(number, x):
    if number == 10:
        return math.sqrt(x)
    if number == 11:
        return 1.0 / math.sqrt(x)
    if number == 12:
        return math.exp(x)
    return math.log(x) if number == 13 else abs(x)


@compiled
def _root_or_logarithm_slope(number, x):
    if number == 10:
        return 0.5 / math.sqrt(x)
    if number == 11:
        return -0.5 / (x * math.sqrt(x))
    if number == 12:
        return math.exp(x)
    return 1.0 / x if number == 13 else _sign(x)


@compiled
def _circle_or_step(number, x):
    if number == 15:
        return math.sin(x)
    if number == 16:
        return math.cos(x)
    if number == 17:
        return math.tan(x)
    return math.tanh(x) if number == 18 else 0.5 * (1.0 + math.tanh(0.5 * x))


@compiled
def _circle_or_step_slope(number, x):
    if number == 15:
        return math.cos(x)
    if number == 16:
        return -math.sin(x)
    if number == 17:
        return 1.0 + math.tan(x) ** 2
    if number == 18:
        return 1.0 - math.tanh(x) ** 2
    gate = 0.5 * (1.0 + math.tanh(0.5 * x))
    return gate * (1.0 - gate)


@compiled
def _inverse_circle(number, x):
    if number == 20:
        return _sign(x)
    if number == 21:
        return math.asin(x) if abs(x) <= 1.0 else math.nan
    if number == 22:
        return math.acos(x) if abs(x) <= 1.0 else math.nan
    if number == 23:
        return math.atan(x)
    return math.atanh(x) if abs(x) <= 1.0 else math.nan


@compiled
def _inverse_circle_slope(number, x):
    if number == 20:
        return 0.0
    if number == 21:
        return 1.0 / math.sqrt(1.0 - x * x)
    if number == 22:
        return -1.0 / math.sqrt(1.0 - x * x)
    return 1.0 / (1.0 + x * x) if number == 23 else 1.0 / (1.0 - x * x)


@compiled
def _sign(x):
    return 1.0 if x > 0 else (-1.0 if x < 0 else x)


@compiled
def _bessel(x, order):
    return _bessel_near(x, order) if abs(x) < FAR else _bessel_far(x, order)


@compiled
def _bessel_near(x, order):
    total = 0.0
    for sine in SINES:
        total += math.cos(x * sine) if order == 0 else math.sin(x * sine) * sine
    return total / BESSEL_POINTS


@compiled
def _bessel_far(x, order):
    size, term, p, q = abs(x), 1.0, 0.0, 0.0
    for k in range(0, HANKEL_TERMS, 2):
        p += term
        term *= _next_factor(k, order) / size
        q += term
        term *= -_next_factor(k + 1, order) / size
    cosine, sine, amplitude = math.cos(size), math.sin(size), math.sqrt(1.0 / (math.pi * size))
    if order == 0:
        return amplitude * (p * (cosine + sine) + q * (cosine - sine))
    return math.copysign(amplitude, x) * (p * (sine - cosine) + q * (sine + cosine))


@compiled
def _next_factor(k, order):
    # Four times the square of the order, which is 0 or 1.
    return (4.0 * order - (2.0 * k + 1.0) ** 2) / (8.0 * (k + 1.0))
