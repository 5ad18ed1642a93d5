"""What the splines of a network look like: for each the functions to try, the most certain edge first."""

from collections.abc import Sequence

import numpy as np

from kan.config_symbolic import Symbolify
from kan.constraints import kept_constraints
from kan.predictor import edge_values, evaluate_layers
from kan.snapped import with_formula
from kan.state import Array, EdgeFormula, NetworkState
from kan.suggestions import EdgeCurve, Suggestion, suggestions
from kan.symbolic.affine import STEPS, AffineFit

SAMPLES = 101
# Bits for a complexity weight of one.
BITS = 10.0
# Functions that others are as well: cos is sin, sigmoid is tanh, arccos is arcsin.
DISTINCT = (
    *("x", "x^2", "x^3", "x^4", "x^5", "1/x", "1/x^2", "1/x^3", "1/x^4", "1/x^5", "sqrt", "1/sqrt", "exp", "log"),
    *("abs", "sin", "tan", "tanh", "arcsin", "arctan", "arctanh", "gaussian"),
)

Edge = tuple[int, int, int]
Ranked = list[tuple[Edge, list[Suggestion]]]


def spline_edges(state: NetworkState) -> list[Edge]:
    """Gives the edges (layer, source, target) that are splines of numbers, neither pruned nor formulas."""
    return [
        (index, int(source), int(target))
        for index, layer in enumerate(state.layers)
        for source, target in np.argwhere(layer.mask != 0)
        if layer.level_table(int(source)) is None
    ]


def ranked_splines(state: NetworkState, x: Array, stage: Symbolify, *, steps: int = STEPS) -> Ranked:
    """Gives the splines with their functions, the one whose best function is the most certain first.

    An edge that keeps a shape is not among them: a formula would keep none while its constants are fitted.

    Args:
        state: the network.
        x: (rows, inputs) training rows.
        stage: functions to try, and what an operation must save.
        steps: of every fit at most.
    """
    values = evaluate_layers(state, x)
    bits, library = BITS * stage.complexity_weight, stage.library or DISTINCT
    found, shaped = {}, {constraint.edge for constraint in kept_constraints(state)}
    for edge in spline_edges(state):
        if edge in shaped:
            continue
        curve = edge_samples(state, values[edge[0]], edge)
        # A curve that never changes is a constant: the line of slope zero.
        ranked = suggestions(curve, library, bits_per_operation=bits, steps=steps) or [_constant(curve)]
        found[edge] = [suggestion for suggestion in ranked if suggestion.fit.r2 >= stage.r2_threshold]
    return sorted(((edge, ranked) for edge, ranked in found.items() if ranked), key=lambda item: item[1][0].score)


def edge_samples(state: NetworkState, values: Array, edge: Edge) -> EdgeCurve:
    """Samples an edge, spline or formula, where its input's values lie: many of them, many samples.

    Args:
        values: (rows, nodes) that enter the edge's layer.
    """
    layer, source, target = edge
    x = np.unique(np.quantile(values[:, source], np.linspace(0.0, 1.0, SAMPLES)))
    y = edge_values(state.layers[layer], source, x, base=state.base, outside=state.outside)[:, target]
    return EdgeCurve(x, y, np.ones(len(x)))


def with_fit(state: NetworkState, edge: Edge, fit: AffineFit) -> NetworkState:
    """Gives the network with a fitted function on an edge."""
    layer, source, target = edge
    return with_formula(state, layer, EdgeFormula(source, target, fit.function, fit.a, fit.b, fit.c, fit.d))


def with_fits(state: NetworkState, fits: Sequence[tuple[Edge, AffineFit]]) -> NetworkState:
    """Gives the network with fitted functions on some edges."""
    for edge, fit in fits:
        state = with_fit(state, edge, fit)
    return state


def _constant(curve: EdgeCurve) -> Suggestion:
    return Suggestion(AffineFit("x", 0.0, 1.0, 0.0, float(curve.y.mean()), 1.0), 1, -np.inf)
