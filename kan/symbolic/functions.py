"""The library of functions an edge can be snapped to: each with its name, its value and its slope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, inf, isfinite, pi

import numpy as np
from numpy.typing import NDArray

from kan.symbolic.bessel import bessel

Array = NDArray[np.float64]

# A pole keeps this share of a range away from it.
POLE_MARGIN = 1e-3


@dataclass(frozen=True)
class Domain:
    """Where a function is finite: [low, high] without its poles.

    Attributes:
        low, high: ends, which belong to it unless they are poles.
        poles: where it is infinite.
        period: the poles repeat at this distance; 0 = they do not.
    """

    low: float = -inf
    high: float = inf
    poles: tuple[float, ...] = ()
    period: float = 0.0

    def contains(self, low: float, high: float) -> bool:
        """Says whether the function is finite on all of [low, high]."""
        return self.low <= low <= high <= self.high and self.clears(low, high)

    def clears(self, low: float, high: float) -> bool:
        """Says whether no pole is in [low, high]."""
        return not any(self._meets(pole, low, high) for pole in self.poles)

    def _meets(self, pole: float, low: float, high: float) -> bool:
        if self.period:
            if not isfinite(high - low):
                return True
            pole += ceil((low - pole) / self.period) * self.period
        return low <= pole <= high


@dataclass(frozen=True)
class Function:
    """One function of the library, on whole arrays; what lies outside its domain is not finite.

    Attributes:
        value, slope: f(x) and f'(x).
        text: how the grammar writes f(x).
        complexity: 1 for x itself, and 1 more for every operation it takes, counted as follows. Powers: one per
            multiplication (x^4 = (x^2)^2 takes two) and one for 1/. exp, log, sqrt, abs, sin, cos: one. tan, tanh,
            sigmoid, gaussian, sgn, arctan, which are made of two of those or are as hard to read: two. arcsin,
            arccos, arctanh (inverses on an interval only) and j0 (an integral): three.
        domain: where it is finite.
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    text: str
    complexity: int
    domain: Domain = Domain()


def library() -> list[dict[str, object]]:
    """Gives every function as plain JSON values; null stands for an end that is infinite."""
    return [
        {
            "name": name,
            "text": function.text,
            "complexity": function.complexity,
            "domain": {
                "low": _finite(function.domain.low),
                "high": _finite(function.domain.high),
                "poles": list(function.domain.poles),
                "period": function.domain.period or None,
            },
        }
        for name, function in FUNCTIONS.items()
    ]


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _power(exponent: int, complexity: int) -> Function:
    return Function(lambda x: x**exponent, lambda x: exponent * x ** (exponent - 1), f"x**{exponent}", complexity)


def _inverse_power(exponent: int, complexity: int) -> Function:
    text = "1/x" if exponent == 1 else f"1/x**{exponent}"
    return Function(
        lambda x: 1.0 / x**exponent, lambda x: -exponent / x ** (exponent + 1), text, complexity, Domain(poles=(0.0,))
    )


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


# The largest x with a finite exp(x).
EXP_LIMIT = 709.0
_POSITIVE = Domain(low=0.0, poles=(0.0,))
_UNIT = Domain(-1.0, 1.0)

# The place in this table is the number by which compiled kernels know a function: new ones go to the end.
FUNCTIONS: Mapping[str, Function] = {
    "x": Function(lambda x: x, np.ones_like, "x", 1),
    "x^2": _power(2, 2),
    "x^3": _power(3, 3),
    "x^4": _power(4, 3),
    "x^5": _power(5, 4),
    "1/x": _inverse_power(1, 2),
    "1/x^2": _inverse_power(2, 3),
    "1/x^3": _inverse_power(3, 4),
    "1/x^4": _inverse_power(4, 4),
    "1/x^5": _inverse_power(5, 5),
    "sqrt": Function(np.sqrt, lambda x: 0.5 / np.sqrt(x), "sqrt(x)", 2, Domain(low=0.0)),
    "1/sqrt": Function(lambda x: 1.0 / np.sqrt(x), lambda x: -0.5 / (x * np.sqrt(x)), "1/sqrt(x)", 3, _POSITIVE),
    "exp": Function(np.exp, np.exp, "exp(x)", 2, Domain(high=EXP_LIMIT)),
    "log": Function(np.log, lambda x: 1.0 / x, "log(x)", 2, _POSITIVE),
    "abs": Function(np.abs, np.sign, "abs(x)", 2),
    "sin": Function(np.sin, np.cos, "sin(x)", 2),
    "cos": Function(np.cos, lambda x: -np.sin(x), "cos(x)", 2),
    "tan": Function(np.tan, lambda x: 1.0 + np.tan(x) ** 2, "tan(x)", 3, Domain(poles=(pi / 2,), period=pi)),
    "tanh": Function(np.tanh, lambda x: 1.0 - np.tanh(x) ** 2, "tanh(x)", 3),
    "sigmoid": Function(_sigmoid, lambda x: _sigmoid(x) * (1.0 - _sigmoid(x)), "sigmoid(x)", 3),
    "sgn": Function(np.sign, np.zeros_like, "sgn(x)", 3),
    "arcsin": Function(np.arcsin, lambda x: 1.0 / np.sqrt(1.0 - x**2), "arcsin(x)", 4, _UNIT),
    "arccos": Function(np.arccos, lambda x: -1.0 / np.sqrt(1.0 - x**2), "arccos(x)", 4, _UNIT),
    "arctan": Function(np.arctan, lambda x: 1.0 / (1.0 + x**2), "arctan(x)", 3),
    "arctanh": Function(
        np.arctanh, lambda x: 1.0 / (1.0 - x**2), "arctanh(x)", 4, Domain(-1.0, 1.0, poles=(-1.0, 1.0))
    ),
    "gaussian": Function(lambda x: np.exp(-(x**2)), lambda x: -2.0 * x * np.exp(-(x**2)), "gaussian(x)", 3),
    "j0": Function(lambda x: bessel(0, x, np), lambda x: -bessel(1, x, np), "j0(x)", 4),
}
NUMBERS: Mapping[str, int] = {name: number for number, name in enumerate(FUNCTIONS)}
