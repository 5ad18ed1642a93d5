"""Which functions of the library an edge looks like: its curve where rows were seen, fitted and ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from kan.config_checks import check_new_function
from kan.errors import InvalidConfig
from kan.predictor import edge_values
from kan.state import Array, LayerState, NetworkState
from kan.symbolic.affine import STEPS, AffineFit, affine_fit
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.normal_form import held_constants
from kan.symbolic.written import function_named

SAMPLES = 201
# What a spline leaves of a function that it learnt well: a better R2 says no more.
R2_FLOOR = 1e-9
# A constant that is free counts as so many operations: a wave of any length can look like a parabola.
CONSTANT_SIZE = 0.5
# What one more operation must save.
BITS_PER_OPERATION = 2.0
# Dear to try, and rarely meant: only where nothing else explains so much, or where they are asked for by name.
LAST_RESORT, EXPLAINED = ("j0",), 0.999
DEFAULT_LIBRARY = tuple(FUNCTIONS)


@dataclass(frozen=True)
class EdgeCurve:
    """Samples of an edge over the range its training rows reached.

    Attributes:
        x, y: (samples,) in network units.
        weight: (samples,) how many rows were seen there, none counting a little.
    """

    x: Array
    y: Array
    weight: Array


@dataclass(frozen=True)
class Suggestion:
    """A function for an edge.

    Attributes:
        fit: its constants and R2.
        complexity: of the function, as the library counts.
        score: bits: log2 of the unexplained share of the variance, plus so many for every operation; least is best.
    """

    fit: AffineFit
    complexity: int
    score: float


def edge_curve(state: NetworkState, layer: int, source: int, target: int, samples: int = SAMPLES) -> EdgeCurve:
    """Gives the curve of an edge: of its spline, or of its formula where it is one.

    Raises:
        InvalidConfig: the edge of a category, which is no curve.
    """
    held = state.layers[layer]
    if held.level_table(source) is not None:
        raise InvalidConfig("source", "expected a number; the edges of a category are values of its levels")
    x, weight = weighted_samples(held, source, samples)
    y = edge_values(held, source, x, base=state.base, outside=state.outside)[:, target]
    return EdgeCurve(x, y, weight)


def weighted_samples(layer: LayerState, source: int, samples: int = SAMPLES) -> tuple[Array, Array]:
    """Gives (samples,) values of a number input over the range of its rows, and how much each counts."""
    return np.linspace(*input_range(layer, source), samples), _weights(layer, source, samples)


def suggestions(
    curve: EdgeCurve,
    library: Sequence[str] | None = None,
    limit: int = 10,
    *,
    bits_per_operation: float = BITS_PER_OPERATION,
    steps: int = STEPS,
) -> list[Suggestion]:
    """Gives the functions that fit a curve, best first: much explained with few operations.

    A curve that never changes is no function's; it has none.

    Args:
        curve: of an edge.
        library: names or expressions of x to try; default: all names, the dear ones last.
        limit: so many at most.
        bits_per_operation: of unexplained variance, which one more operation must save.
        steps: of every fit at most; a tenth of them tell functions apart, the others are for the last digits.

    Raises:
        InvalidConfig: an unknown name.
    """
    names = DEFAULT_LIBRARY if library is None else tuple(dict.fromkeys(library))
    for name in names:
        check_new_function("library", name)
    later = [name for name in names if library is None and name in LAST_RESORT]
    found = _fitted(curve, [name for name in names if name not in later], steps)
    if later and all(fit.r2 < EXPLAINED for fit in found):
        found += _fitted(curve, later, steps)
    ranked = [_suggestion(fit, bits_per_operation) for fit in found]
    return sorted(ranked, key=lambda suggestion: (suggestion.score, abs(suggestion.fit.c)))[:limit]


def _fitted(curve: EdgeCurve, names: Sequence[str], steps: int) -> list[AffineFit]:
    fits = [affine_fit(name, curve.x, curve.y, curve.weight, steps=steps) for name in names]
    return [fit for fit in fits if fit is not None]


def _suggestion(fit: AffineFit, bits_per_operation: float) -> Suggestion:
    complexity = function_named(fit.function).complexity
    constants = len("abcd") - len(held_constants(fit.function))
    size = complexity + CONSTANT_SIZE * constants
    return Suggestion(fit, complexity, log2(max(1.0 - fit.r2, R2_FLOOR)) + bits_per_operation * size)


def input_range(layer: LayerState, source: int) -> tuple[float, float]:
    """Gives what a number input reached over the training rows; of a network without statistics its grid."""
    if layer.statistics is not None:
        return float(layer.statistics.low[source]), float(layer.statistics.high[source])
    knots = layer.knots[source]
    return float(knots[layer.degree]), float(knots[len(knots) - layer.degree - 1])


def _weights(layer: LayerState, source: int, samples: int) -> Array:
    """Gives each sample the rows of its bin; an empty one counts as a tenth of the mean, so that nothing is free."""
    if layer.statistics is None:
        return np.ones(samples)
    counts = layer.statistics.density[source].astype(np.float64)
    bins = np.minimum(np.arange(samples) * len(counts) // samples, len(counts) - 1)
    weights: Array = np.maximum(counts, 0.1 * counts.mean() or 1.0)[bins]
    return weights
