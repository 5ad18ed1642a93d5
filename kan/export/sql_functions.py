"""The functions of the library in SQL; NULL where one has no value, since a database would give up the whole statement.

PostgreSQL refuses what overflows, underflows or lies outside a domain, be it in one row of a million.
"""

from collections.abc import Sequence
from math import pi

from kan.symbolic.bessel import BESSEL_POINTS, FAR, SINES, hankel_coefficients

# What is larger is NULL: less than what float64 holds, so that a weight and a sum have room.
LARGEST_EXPONENT = 250
LARGEST = float(10**LARGEST_EXPONENT)
# The exponential of more is larger than that, of less than its negative a number like 0.
LARGEST_POWER = 575.0

# Beyond it J0 is like 0, and the square of its argument near what float64 holds.
_FARTHEST_BESSEL = 1e150
# The square of more makes a Gaussian like 0, of less one that rounds to 1.
_WIDEST_GAUSSIAN, _NARROWEST_GAUSSIAN = 23.0, 1e-100

_FUNCTIONS = {
    "x": "{0}",
    "sqrt": "CASE WHEN {0} < 0.0 THEN NULL ELSE sqrt({0}) END",
    "1/sqrt": f"CASE WHEN {{0}} < {1 / LARGEST!r} THEN NULL ELSE 1.0 / sqrt({{0}}) END",
    "exp": (f"CASE WHEN {{0}} > {LARGEST_POWER} THEN NULL WHEN {{0}} < -{LARGEST_POWER} THEN 0.0 ELSE exp({{0}}) END"),
    "log": "CASE WHEN {0} <= 0.0 THEN NULL ELSE ln({0}) END",
    "sigmoid": "(0.5 * (1.0 + tanh(0.5 * {0})))",
    "sgn": "sign({0})",
    "arcsin": "CASE WHEN abs({0}) > 1.0 THEN NULL ELSE asin({0}) END",
    "arccos": "CASE WHEN abs({0}) > 1.0 THEN NULL ELSE acos({0}) END",
    "arctan": "atan({0})",
    "arctanh": "CASE WHEN abs({0}) >= 1.0 THEN NULL ELSE atanh({0}) END",
    "gaussian": (
        f"CASE WHEN abs({{0}}) > {_WIDEST_GAUSSIAN} THEN 0.0 WHEN abs({{0}}) < {_NARROWEST_GAUSSIAN!r} THEN 1.0 "
        "ELSE exp(-({0} * {0})) END"
    ),
    **{name: name + "({0})" for name in ("abs", "sin", "cos", "tan", "tanh")},
}
_POWERS = {name: int(name[-1]) for name in ("x^2", "x^3", "x^4", "x^5")}
_INVERSE_POWERS = {"1/x": 1, **{f"1/{name}": power for name, power in _POWERS.items()}}


def applied(name: str, x: str) -> str:
    """Gives f(x), for an x in brackets or a name."""
    if name in _FUNCTIONS:
        return _FUNCTIONS[name].format(x)
    if name == "j0":
        return _bessel(x)
    power = _POWERS.get(name) or _INVERSE_POWERS[name]
    end = LARGEST_EXPONENT / power
    far, near = f"abs({x}) > {number(10.0**end)}", f"abs({x}) < {number(10.0**-end)}"
    product = " * ".join([x] * power)
    if name in _POWERS:
        return f"CASE WHEN {far} THEN NULL WHEN {near} THEN 0.0 ELSE {product} END"
    return f"CASE WHEN {near} THEN NULL WHEN {far} THEN 0.0 ELSE 1.0 / ({product}) END"


def not_far(x: str, value: str, largest: float = LARGEST) -> str:
    """Gives a value that is NULL where x is too far for it to be computed."""
    return f"CASE WHEN abs({x}) > {number(largest)} THEN NULL ELSE {value} END"


def product(factors: list[str]) -> str:
    """Gives a product; NULL where it is too large, 0 where it is too small a number."""
    sizes = " + ".join(f"ln(1.0 + abs({factor}))" for factor in factors)
    # Of a factor of 0 it is the logarithm of the first number.
    smallness = " + ".join(f"ln(1e-300 + abs({factor}) / (1.0 + abs({factor})))" for factor in factors)
    limits = f"WHEN {sizes} > {LARGEST_POWER} THEN NULL WHEN {smallness} < -{LARGEST_POWER} THEN 0.0"
    return f"CASE {limits} ELSE {' * '.join(factors)} END"


def polynomial(coefficients: Sequence[float], x: str) -> str:
    """Gives a polynomial by Horner's rule, its zeros left out."""
    used = list(coefficients)
    while len(used) > 1 and used[-1] == 0.0:
        used.pop()
    value = number(used[-1])
    for coefficient in reversed(used[:-1]):
        value = f"({number(coefficient)} + {x} * {value})"
    return value


def silu(x: str) -> str:
    """Gives x / (1 + exp(-x))."""
    ends = f"WHEN {x} < -{LARGEST_POWER} THEN 0.0 WHEN {x} > {LARGEST_POWER} THEN {x}"
    return f"CASE {ends} ELSE {x} / (1.0 + exp(-{x})) END"


def bounded_exp(x: str) -> str:
    """Gives exp(x), of a larger x that of the largest there is."""
    ends = f"WHEN {x} < -{LARGEST_POWER} THEN 0.0 WHEN {x} > {LARGEST_POWER} THEN exp({LARGEST_POWER})"
    return f"CASE {ends} ELSE exp({x}) END"


def _bessel(x: str) -> str:
    """Gives J0 by the two forms of kan.symbolic.bessel."""
    near = " + ".join(f"cos({number(sine)} * {x})" for sine in SINES)
    coefficients, square, sine = hankel_coefficients(0), f"(1.0 / {x} / {x})", f"sin(abs({x}))"
    p, q = polynomial(coefficients[::2], square), f"{polynomial(coefficients[1::2], square)} / abs({x})"
    far = f"({p} * (cos({x}) + {sine}) + {q} * (cos({x}) - {sine})) / sqrt({number(pi)} * abs({x}))"
    ends = f"WHEN abs({x}) > {_FARTHEST_BESSEL} THEN 0.0 WHEN abs({x}) < {FAR} THEN ({near}) / {number(BESSEL_POINTS)}"
    return f"CASE {ends} ELSE {far} END"


def number(value: float) -> str:
    """Gives a number that stands in any expression."""
    return repr(float(value)) if value >= 0 else f"({float(value)!r})"
