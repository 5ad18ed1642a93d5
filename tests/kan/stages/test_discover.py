"""Products, functions of products and sums are told apart by rows alone, and become the formula they were made with."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from kan.config import NetworkConfig
from kan.config_symbolic import Discover
from kan.journal import Journal
from kan.losses import BinaryCrossEntropy, CrossEntropy
from kan.presets import preset_recipe
from kan.prune import live_edges
from kan.stages.ranking import spline_edges
from kan.stages.recipe import run_recipe
from kan.stages.work import Work
from tests.kan.training import a_problem, a_task, finish, trained, uniform

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "product": lambda x: (1.0 + 0.5 * x[:, 0]) * x[:, 1],
    "quotient": lambda x: x[:, 0] / (1.5 + x[:, 1]),
    "exponential of a sum": lambda x: torch.exp(torch.sin(torch.pi * x[:, 0]) + x[:, 1] ** 2),
}


SLOW = {"exponential of a sum", "quotient"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in FUNCTIONS])
def test_interpretable_preset_finds_the_formula_to_rounding(name: str) -> None:
    x = uniform(400, 2)
    y = FUNCTIONS[name](x)
    mean, std = y.mean(), y.std(correction=0)
    work = Work(a_problem(x, ((y - mean) / std).unsqueeze(1)), NetworkConfig((), 5, 3, "zero"))
    network = finish(run_recipe(work, preset_recipe("interpretable", search=True), Journal())).network
    assert network is not None
    assert spline_edges(network.state()) == []
    fresh = uniform(200, 2, seed=9)
    error = network(fresh)[:, 0].detach() * std + mean - FUNCTIONS[name](fresh)
    assert float(error.square().mean().sqrt() / std) < 1e-9


NOISY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sum": lambda load, speed: 4.0 + 0.2 * load + 0.0009 * speed**2,
    "product": lambda load, speed: np.exp(-load / 20.0) * speed / 10.0,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "functions"), [("sum", ["x", "x^2"]), ("product", ["exp", "x", "x"])])
def test_noise_makes_no_structure_larger_than_the_law(name: str, functions: list[str]) -> None:
    generator = np.random.default_rng(1)
    load, speed = generator.uniform(1, 50, 1000), generator.uniform(5, 120, 1000)
    law = NOISY[name](load, speed)
    table = {"load": load, "speed": speed, "y": law + 0.05 * law.std() * generator.normal(size=1000)}
    recipe = preset_recipe("interpretable", search=True)
    task = a_task(recipe, inputs=("load", "speed"), config=NetworkConfig(), seed=1, test_fraction=0.2)
    state = trained(table, task).state
    assert sorted(formula.function for layer in state.layers for formula in layer.formulas) == functions


CLASSES: dict[str, tuple[int, Callable[[torch.Tensor], torch.Tensor]]] = {
    "product": (2, lambda x: 8.0 * x[:, 0] * x[:, 1]),
    "product beside an input that says nothing": (3, lambda x: 8.0 * x[:, 0] * x[:, 1]),
    "sum": (2, lambda x: 8.0 * (x[:, 0] ** 2 + x[:, 1] - 0.3)),
    "sum beside an input that says nothing": (3, lambda x: 8.0 * (x[:, 0] ** 2 + x[:, 1] - 0.3)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "product")) for name in CLASSES]
)
def test_of_two_classes_the_logit_becomes_the_formula_it_was_drawn_by(name: str) -> None:
    inputs, logits = CLASSES[name]
    x = uniform(600, inputs)
    chance = torch.rand(600, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    problem = a_problem(x, (chance < torch.sigmoid(logits(x))).double(), loss=BinaryCrossEntropy())
    work = Work(problem, NetworkConfig((), 5, 3, "zero"))
    network = finish(run_recipe(work, preset_recipe("interpretable", search=True), Journal())).network
    assert network is not None
    state = network.state()
    assert {source for layer, source, _ in live_edges(state) if layer == 0} == {0, 1}
    fresh = uniform(500, inputs, seed=9)
    found = network(fresh)[:, 0].detach()
    assert float(torch.corrcoef(torch.stack([found, logits(fresh)]))[0, 1]) > 0.98
    assert spline_edges(state) == []
    assert state.layers[0].products == ((2,) if "product" in name else ())
    if "product" in name:
        assert {formula.function for layer in state.layers for formula in layer.formulas} == {"x"}


def test_category_is_a_factor_of_its_own() -> None:
    """A law per level: the level's factor times the same function of the number."""
    level = torch.arange(150) % 3
    x = torch.stack([1.5 + uniform(150, 1)[:, 0], level.double()], 1)
    y = (torch.tensor([1.0, -2.0, 0.4], dtype=torch.float64)[level] * x[:, 0] ** 2).unsqueeze(1)
    problem = a_problem(x, (y - y.mean()) / y.std(correction=0), input_levels=(None, 3))
    found = finish(
        run_recipe(Work(problem, NetworkConfig((), 5, 3, "zero")), (Discover(starts=2, tries=1),), Journal())
    )
    assert found.network is not None
    state = found.network.state()
    assert spline_edges(state) == []
    assert state.layers[0].level_table(1) is not None
    outputs = found.network(x)[:, 0].detach() * y.std(correction=0) + y.mean()
    torch.testing.assert_close(outputs, y[:, 0], rtol=0.0, atol=5e-3)


def test_more_classes_go_on_as_they_are() -> None:
    x = uniform(60, 2)
    problem = a_problem(x, (x[:, 0] > 0).long(), loss=CrossEntropy(), outputs=2)
    work = Work(problem, NetworkConfig((2,), 3))
    result = finish(run_recipe(work, (Discover(),), Journal()))
    assert result.network is None
