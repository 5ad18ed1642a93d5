"""Under noise what says nothing goes, what is left is as plain as it may be, and classes told apart stay finite."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from kan.config import NetworkConfig
from kan.config_symbolic import Symbolify
from kan.journal import Journal
from kan.losses import BinaryCrossEntropy
from kan.network import Kan
from kan.presets import preset_recipe
from kan.prune import live_edges
from kan.snapped import with_formula
from kan.stages.plainer import formulas_under_noise, plainer
from kan.stages.ranking import spline_edges
from kan.stages.recipe import run_recipe
from kan.stages.refitting import Refitted, Refitting
from kan.stages.work import Work, held_loss
from kan.state import EdgeFormula
from tests.kan.formulas.networks import edge, network_of
from tests.kan.training import a_problem, finish, uniform

X = uniform(600, 4)
ADDITIVE = (preset_recipe("interpretable", search=True)[0], Symbolify())


def noise(rows: int, size: float) -> torch.Tensor:
    return size * torch.randn(rows, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def classes(sharpness: float) -> Work:
    """Two classes by x1 and x2^2; x3 and x4 have no say."""
    logits = sharpness * (3.0 * X[:, 0] + 6.0 * X[:, 1] ** 2 - 2.0)
    chance = torch.rand(600, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    y = (chance < torch.sigmoid(logits)).double()
    return Work(a_problem(X, y, loss=BinaryCrossEntropy()), NetworkConfig((), 5, 3, "zero"))


def test_classes_become_formulas_of_the_inputs_that_tell_them_apart() -> None:
    work = classes(1.0)
    splines = finish(run_recipe(work, ADDITIVE[:1], Journal()))
    found = finish(run_recipe(work, ADDITIVE, Journal()))
    assert found.network is not None
    state = found.network.state()
    assert spline_edges(state) == []
    assert live_edges(state) == [(0, 0, 0), (0, 1, 0)]
    assert held_loss(found) < held_loss(splines) + 0.01


def test_classes_without_an_error_leave_the_constants_finite() -> None:
    found = finish(run_recipe(classes(1e6), ADDITIVE, Journal()))
    assert found.network is not None
    assert np.abs(found.network(X).detach().numpy()).max() < 1e3


def test_functions_no_better_than_plainer_ones_are_replaced_and_better_ones_stay() -> None:
    y = X[:, :1] + torch.sin(3.0 * X[:, 1:2]) + noise(600, 0.1)[:, None]
    refitting = Refitting(a_problem(X[:, :2], y), range(480))
    state = Kan([2, 1], grid=3, base="zero").state()
    for source, b in ((0, 0.3), (1, 3.0)):
        state = with_formula(state, 0, EdgeFormula(source, 0, "sin", 1.0 / b if source == 0 else 1.0, b, 0.0, 0.0))
    held = finish(refitting.run(state, 20))
    after = finish(plainer(refitting, held, Symbolify()))
    assert [formula.function for formula in after.state.layers[0].formulas] == ["x", "sin"]
    assert after.held < 1.05 * held.held


LAWS: dict[str, tuple[tuple[int, ...], Callable[[torch.Tensor], torch.Tensor]]] = {
    "sum": ((), lambda x: x[:, 0] + torch.sin(3.0 * x[:, 1])),
    "product": ((3,), lambda x: (1.0 + 0.5 * x[:, 0]) * torch.exp(x[:, 1])),
}


def fitted(law: str, third: float, seed: int) -> tuple[Refitting, Refitted]:
    """A law of x1 and x2 with noise, and a network of formulas that reads x3 too, where `third` of it is in the law."""
    products, of_two = LAWS[law]
    x = uniform(400, 3, seed=seed)
    y = of_two(x) * (1.0 + third * x[:, 2]) if products else of_two(x) + third * x[:, 2]
    y = y + 0.1 * torch.randn(400, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    refitting = Refitting(a_problem(x, y[:, None]), range(320))
    names = ("x", "exp", "x") if products else ("x", "sin", "x")
    edges = [edge(source, source if products else 0, name, d=0.3) for source, name in enumerate(names)]
    layers = (edges, [edge(0, 0, "x")]) if products else (edges,)
    state = replace(network_of(*layers, products=products), base="zero")
    return refitting, finish(refitting.run(state, 40))


@pytest.mark.parametrize("law", LAWS)
def test_an_input_that_says_nothing_goes_from_sums_and_products(law: str) -> None:
    for seed in range(4):
        refitting, held = fitted(law, third=0.0, seed=seed)
        after = finish(plainer(refitting, held, Symbolify())).state
        assert {source for layer, source, _ in live_edges(after) if layer == 0} == {0, 1}
        assert after.layers[0].products == ((2,) if law == "product" else ())


@pytest.mark.parametrize("law", LAWS)
def test_a_small_share_of_an_input_stays(law: str) -> None:
    for seed in range(4):
        refitting, held = fitted(law, third=0.1, seed=seed)
        after = finish(plainer(refitting, held, Symbolify())).state
        assert {source for layer, source, _ in live_edges(after) if layer == 0} == {0, 1, 2}


def test_noise_alone_keeps_one_edge_for_the_output() -> None:
    refitting = Refitting(a_problem(X, noise(600, 1.0)[:, None]), range(480), slope=1e-3)
    state = Kan([4, 1], grid=3, base="zero").state()
    found = finish(formulas_under_noise(refitting, state, Symbolify()))
    assert len(live_edges(found.state)) <= 2
    assert spline_edges(found.state) == []
