"""Splines are ranked by how certain their best function is, sampled where their rows lie."""

import numpy as np
import torch

from kan.config_symbolic import Symbolify
from kan.network import Kan
from kan.prune import prune_edge
from kan.snapped import with_formula
from kan.stages.ranking import edge_samples, ranked_splines, spline_edges, with_fits
from kan.state import EdgeFormula, NetworkState
from tests.kan.training import uniform

X = uniform(400, 3).numpy()


def splines_of(*columns: np.ndarray) -> NetworkState:
    """An additive network of three splines through given values of its inputs."""
    network = Kan([3, 1], grid=20, base="zero")
    layer = network.kan_layers[0]
    values = layer.design(torch.from_numpy(X)).values.view(400, 3, -1)
    with torch.no_grad():
        for source, column in enumerate(columns):
            fit = np.linalg.lstsq(values[:, source].numpy(), column, rcond=None)[0]
            layer.coefficients()[source, :, 0] = torch.from_numpy(fit)
    return network.state()


STATE = splines_of(np.sin(9.0 * np.abs(X[:, 0])), np.exp(X[:, 1]), np.full(400, 2.0))


def test_constant_comes_first_then_the_function_that_fits_then_what_none_fits() -> None:
    ranked = ranked_splines(STATE, X, Symbolify())
    assert [edge for edge, _ in ranked] == [(0, 2, 0), (0, 1, 0), (0, 0, 0)]
    constant, exponential = ranked[0][1][0].fit, ranked[1][1][0].fit
    assert (constant.function, constant.a) == ("x", 0.0)
    assert abs(constant.d - 2.0) < 1e-9
    assert exponential.function == "exp"
    assert abs(exponential.b - 1.0) < 1e-4


def test_functions_that_explain_too_little_are_not_tried() -> None:
    assert [edge for edge, _ in ranked_splines(STATE, X, Symbolify(r2_threshold=0.999))] == [(0, 2, 0), (0, 1, 0)]


def test_pruned_edges_and_formulas_are_no_splines() -> None:
    less = prune_edge(with_formula(STATE, 0, EdgeFormula(1, 0, "exp", 1.0, 1.0, 0.0, 0.0)), 0, 2, 0)
    assert spline_edges(STATE) == [(0, 0, 0), (0, 1, 0), (0, 2, 0)]
    assert spline_edges(less) == [(0, 0, 0)]


def test_samples_follow_the_rows_and_a_formula_is_sampled_as_itself() -> None:
    state = with_fits(STATE, [((0, 1, 0), ranked_splines(STATE, X, Symbolify())[1][1][0].fit)])
    skewed = 0.5 + 0.5 * np.abs(X) ** 3
    curve = edge_samples(state, skewed, (0, 1, 0))
    assert abs(np.median(curve.x) - np.median(skewed[:, 1])) < 1e-12
    np.testing.assert_allclose(curve.y, np.exp(curve.x), rtol=1e-3)
