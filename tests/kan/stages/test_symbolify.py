"""Splines become the formulas they learnt; what no formula fits stays a spline; nothing gets worse than it may."""

import numpy as np
import torch

from kan.config import Extend, Fit, NetworkConfig, Starts
from kan.config_constraints import Constraint
from kan.config_symbolic import Symbolify
from kan.constraints import with_kept_shapes
from kan.journal import Journal
from kan.predictor import evaluate
from kan.stages.ranking import spline_edges
from kan.stages.recipe import run_recipe
from kan.stages.work import Work
from tests.kan.training import a_problem, finish, uniform

X = uniform(300, 2)
FIT = (Starts(1, 40), Extend(max_grid=10, steps=30))


def _symbolified(y: torch.Tensor, stage: Symbolify | None = None) -> Work:
    y = ((y - y.mean()) / y.std(correction=0)).unsqueeze(1)
    work = Work(a_problem(X, y), NetworkConfig((), 5, 3, "zero"))
    result: Work = finish(run_recipe(work, (*FIT, stage or Symbolify()), Journal()))
    return result


def test_sum_of_known_functions_becomes_them_to_rounding() -> None:
    y = torch.sin(3.0 * X[:, 0] + 0.4) + torch.exp(1.2 * X[:, 1])
    work = _symbolified(y)
    assert work.network is not None
    state = work.network.state()
    assert [formula.function for formula in state.layers[0].formulas] == ["sin", "exp"]
    assert abs(state.layers[0].formulas[0].b - 3.0) < 1e-9
    standard = (y - y.mean()) / y.std(correction=0)
    assert np.abs(evaluate(state, X.numpy())[:, 0] - standard.numpy()).max() < 1e-9


def test_edge_that_no_function_fits_stays_a_spline() -> None:
    y = torch.sin(9.0 * X[:, 0].abs()) * torch.exp(X[:, 0]) + X[:, 1] ** 2
    work = _symbolified(y)
    assert work.network is not None
    state = work.network.state()
    assert spline_edges(state) == [(0, 0, 0)]
    assert [formula.function for formula in state.layers[0].formulas] == ["x^2"]


def test_edge_that_keeps_a_shape_stays_a_spline_and_keeps_it_while_the_others_become_formulas() -> None:
    y = torch.sin(3.0 * X[:, 0] + 0.4) + torch.exp(1.2 * X[:, 1])
    y = ((y - y.mean()) / y.std(correction=0)).unsqueeze(1)
    rising = Constraint(0, 1, 0, "increasing")
    recipe = (Fit(steps=30, constraints=(rising,)), Extend(max_grid=10, steps=30), Symbolify())
    network = finish(run_recipe(Work(a_problem(X, y), NetworkConfig((), 5, 3, "zero")), recipe, Journal())).network
    assert network is not None
    state = network.state()
    assert network.constraints == (rising,)
    assert [(formula.source, formula.function) for formula in state.layers[0].formulas] == [(0, "sin")]
    assert with_kept_shapes(state) is state


def test_only_functions_of_the_library_are_taken() -> None:
    work = _symbolified(torch.exp(X[:, 0]) + X[:, 1], Symbolify(library=("x", "x^2")))
    assert work.network is not None
    assert [formula.function for formula in work.network.state().layers[0].formulas] == ["x"]


def test_input_that_does_nothing_becomes_a_constant() -> None:
    work = _symbolified(X[:, 0] ** 3)
    assert work.network is not None
    found = {f.source: f for f in work.network.state().layers[0].formulas}
    assert found[0].function == "x^3"
    assert abs(found[1].a) < 1e-9
