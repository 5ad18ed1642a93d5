"""The best `a * f(b * x + c) + d` through samples of a curve: many starts over the whole argument, then least squares.

The argument runs over an interval while x runs over the samples; starts are the intervals that could matter for the
function, so that no range of b and c is fixed beforehand: a frequency is found up to the samples' own limit.
"""

from dataclasses import dataclass

import numpy as np

from kan.symbolic.affine_starts import argument_starts
from kan.symbolic.functions import POLE_MARGIN, Array
from kan.symbolic.normal_form import held_constants, normal_form
from kan.symbolic.written import function_named

# Of all starts so many are refined.
REFINED = 4
STEPS = 200
# Keeps a matrix of two functions that are the same regular.
LEAST_DAMPING = 1e-12
# Relative change of the squared error that counts as none.
SETTLED = 1e-14
# A share of the largest number that counts as zero.
TINY = 1e-30
# A damping above which a step that fails says that none will succeed.
CAREFUL = 1e4
# A curve whose spread is so small a share of its size is constant.
ROUNDING = 1e-14


@dataclass(frozen=True)
class AffineFit:
    """A function through samples.

    Attributes:
        function: its name in the library, or its expression.
        a, b, c, d: of `a * f(b * x + c) + d`, in the normal form of `normal_form`.
        r2: share of the samples' (weighted) variance that it explains, relative to that variance alone.
    """

    function: str
    a: float
    b: float
    c: float
    d: float
    r2: float


def affine_fit(
    function: str, x: Array, y: Array, weight: Array | None = None, *, steps: int = STEPS
) -> AffineFit | None:
    """Gives the best fit of one function; None where it has no finite one, or where x or y never change.

    Args:
        function: a name of the library, or an expression of x.
        x, y: (samples,) of the curve.
        weight: (samples,) how much each counts; default: all the same.
        steps: of least squares at most.

    Source: Golub and Pereyra (1973) for starts judged with a and d solved for; Levenberg-Marquardt for the rest.
    """
    middle, half = (x.max() + x.min()) / 2, (x.max() - x.min()) / 2
    share = np.full(len(x), 1.0) if weight is None else np.asarray(weight, dtype=np.float64)
    share = share / share.sum()
    mean = float(share @ y)
    std = float(np.sqrt(share @ (y - mean) ** 2))
    if not (half > 0 and np.isfinite(std) and std > ROUNDING * float(np.abs(y).max())):
        return None
    t, z = (x - middle) / half, (y - mean) / std
    with np.errstate(all="ignore"):
        starts = _best_starts(function, t, z, share)
        if not len(starts):
            return None
        (a, b, c, d), error = _refined(function, t, z, share, starts, steps)
    constants = (float(n) for n in (a * std, b / half, c - b * middle / half, d * std + mean))
    return AffineFit(function, *normal_form(function, *constants), r2=1.0 - error)


def is_admissible(function: str, low: float, high: float) -> bool:
    """Says whether a function is finite while its argument runs from low to high, and not next to a pole."""
    domain = function_named(function).domain
    margin = POLE_MARGIN * (high - low)
    return domain.contains(low, high) and (not domain.poles or domain.clears(low - margin, high + margin))


def _best_starts(function: str, t: Array, z: Array, share: Array) -> Array:
    """Gives the starts (count, 4) with the least errors once a and d are solved for."""
    slopes, shifts = argument_starts(function, len(t))
    values = function_named(function).value(slopes[:, None] * t + shifts[:, None])
    mean = values @ share
    spread = ((values - mean[:, None]) ** 2) @ share
    a = ((values - mean[:, None]) * z) @ share / spread
    found = np.column_stack([a, slopes, shifts, -a * mean])
    gain = np.where(np.isfinite(found).all(axis=1) & np.isfinite(spread), a * a * spread, -1.0)
    order = np.argsort(-gain, kind="stable")[: 4 * REFINED]
    kept = [k for k in order if gain[k] >= 0 and _runs_inside(function, slopes[k], shifts[k])]
    return found[kept[:REFINED]]


def _runs_inside(function: str, slope: float, shift: float) -> bool:
    return is_admissible(function, shift - abs(slope), shift + abs(slope))


def _refined(function: str, t: Array, z: Array, share: Array, starts: Array, steps: int) -> tuple[Array, float]:
    """Gives the best constants after steps of Levenberg-Marquardt from every start at once, and their error."""
    best, damping = starts.copy(), np.full(len(starts), 1e-3)
    residual, rows = _model(function, t, z, best)
    error = residual**2 @ share
    for _ in range(steps):
        trial = best + _steps(residual, rows, share, damping)
        residual_there, rows_there = _model(function, t, z, trial)
        there = residual_there**2 @ share
        inside = [_runs_inside(function, b, c) for b, c in trial[:, 1:3]]
        better = np.isfinite(rows_there).all(axis=(1, 2)) & (there < error) & inside
        gained = error - there > SETTLED * error
        best[better], error[better] = trial[better], there[better]
        residual[better], rows[better] = residual_there[better], rows_there[better]
        damping = np.where(better, np.maximum(damping / 5, LEAST_DAMPING), damping * 5)
        if not (better & gained).any() and damping.min() > CAREFUL:
            break
    chosen = int(np.argmin(error))
    return best[chosen], float(error[chosen])


def _steps(residual: Array, rows: Array, share: Array, damping: Array) -> Array:
    """Gives every start's step (count, 4)."""
    weighted = (rows * share[:, None]).transpose(0, 2, 1)
    matrix, pull = weighted @ rows, weighted @ residual[..., None]
    diagonal = np.einsum("kii->ki", matrix)
    # A constant that is held has a column of zeros: 1 on the diagonal keeps it where it is.
    held = diagonal <= TINY * diagonal.max(axis=1, keepdims=True)
    diagonal += damping[:, None] * diagonal + held + TINY
    return np.asarray(-np.linalg.solve(matrix, pull)[..., 0])


def _model(function: str, t: Array, z: Array, constants: Array) -> tuple[Array, Array]:
    """Gives residuals (count, samples) and their derivatives by a, b, c, d (count, samples, 4)."""
    a, b, c, d = (column[:, None] for column in constants.T)
    argument, applied = b * t + c, function_named(function)
    value, slope = applied.value(argument), a * applied.slope(argument)
    rows = np.stack([value, slope * t, slope, np.ones_like(value)], axis=-1)
    rows[:, :, held_constants(function)] = 0.0
    return a * value + d - z, rows
