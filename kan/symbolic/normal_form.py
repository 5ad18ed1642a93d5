"""One writing of `a * f(b * x + c) + d` for each function, where several mean the same.

`x^2` of `2 * x` is 4 times `x^2` of `x`; `exp(x + 1)` is e times `exp(x)`; sine turned by pi is minus sine. Without a
rule the same curve would be written differently each time it is fitted.
"""

from math import copysign, exp, log, pi

POWERS = {
    **{"x": 1, "x^2": 2, "x^3": 3, "x^4": 4, "x^5": 5, "sqrt": 0.5},
    **{"1/x": -1, "1/x^2": -2, "1/x^3": -3, "1/x^4": -4, "1/x^5": -5, "1/sqrt": -0.5},
    **{"abs": 1, "log": 0, "sgn": 0},
}
# f(-u) = -f(u), f(-u) = f(u), f(-u) = constant - f(u).
ODD = {"sin", "tan", "tanh", "arcsin", "arctan", "arctanh", "x^3", "x^5", "1/x", "1/x^3", "1/x^5", "sgn"}
EVEN = {"cos", "gaussian", "j0", "x^2", "x^4", "1/x^2", "1/x^4", "abs"}
TURNED = {"sigmoid": 1.0, "arccos": pi}
# f(u + pi) = sign * f(u).
HALF_TURN = {"sin": -1.0, "cos": -1.0, "tan": 1.0}

# exp(x + c) stays as it is for a larger c: exp(c) would be near the largest or the least float.
LARGEST_SHIFT = 600.0

Constants = tuple[float, float, float, float]


def held_constants(function: str) -> list[int]:
    """Gives the places in (a, b, c, d) that say nothing which the others do not say."""
    if function == "x":
        return [1, 2]
    return [1] if function in POWERS else [2] if function == "exp" else []


def normal_form(function: str, a: float, b: float, c: float, d: float) -> Constants:
    """Gives the constants of the same curve with b > 0 and no scale or shift that another constant can hold.

    For a power, its root, abs and sgn b is 1 (or -1 where the sign cannot be taken out); exp has c = 0 where that is a
    float; a phase lies within a quarter turn of zero.
    """
    if function == "x":
        return a * b, 1.0, 0.0, a * c + d
    if function == "exp":
        return (a * exp(c), b, 0.0, d) if abs(c) <= LARGEST_SHIFT else (a, b, c, d)
    if function in POWERS and b != 0:
        size = abs(b)
        a, d = (a, d + a * log(size)) if function == "log" else (a * size ** POWERS[function], d)
        b, c = copysign(1.0, b), c / size
    a, b, c, d = _positive(function, a, b, c, d)
    return _within_a_turn(function, a, b, c, d)


def plainer_phase(function: str, a: float, b: float, c: float, d: float) -> tuple[str, float, float, float, float]:
    """Gives the normal form, of a wave as sine or cosine, whichever has the smaller phase."""
    a, b, c, d = normal_form(function, a, b, c, d)
    if function in ("sin", "cos") and abs(c) > pi / 4:
        # sin(u) = cos(u - pi / 2), cos(u) = sin(u + pi / 2).
        other, turned = ("cos", c - pi / 2) if function == "sin" else ("sin", c + pi / 2)
        return other, *normal_form(other, a, b, turned, d)
    return function, a, b, c, d


def _positive(function: str, a: float, b: float, c: float, d: float) -> Constants:
    """Gives the same curve with b > 0 where the function has a symmetry that allows it."""
    if b >= 0:
        return a, b, c, d
    if function in ODD:
        return -a, -b, -c, d
    if function in EVEN:
        return a, -b, -c, d
    if function in TURNED:
        return -a, -b, -c, d + a * TURNED[function]
    return a, b, c, d


def _within_a_turn(function: str, a: float, b: float, c: float, d: float) -> Constants:
    if function not in HALF_TURN:
        return a, b, c, d
    turns = round(c / pi)
    return (a * HALF_TURN[function] if turns % 2 else a), b, c - turns * pi, d
