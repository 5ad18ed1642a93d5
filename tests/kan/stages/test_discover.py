"""Products, functions of products and sums are told apart by rows alone, and become the formula they were made with."""

from collections.abc import Callable

import pytest
import torch

from kan.config import NetworkConfig
from kan.config_symbolic import Discover
from kan.journal import Journal
from kan.losses import CrossEntropy
from kan.presets import preset_recipe
from kan.stages.ranking import spline_edges
from kan.stages.recipe import run_recipe
from kan.stages.work import Work
from tests.kan.training import a_problem, finish, uniform

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "product": lambda x: (1.0 + 0.5 * x[:, 0]) * x[:, 1],
    "quotient": lambda x: x[:, 0] / (1.5 + x[:, 1]),
    "exponential of a sum": lambda x: torch.exp(torch.sin(torch.pi * x[:, 0]) + x[:, 1] ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
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


def test_classes_and_categories_go_on_as_they_are() -> None:
    x = uniform(60, 2)
    problem = a_problem(x, (x[:, 0] > 0).long(), loss=CrossEntropy(), outputs=2)
    work = Work(problem, NetworkConfig((2,), 3))
    result = finish(run_recipe(work, (Discover(),), Journal()))
    assert result.network is None
    mixed = a_problem(torch.cat([x, torch.zeros(60, 1)], 1).double(), x[:, :1], input_levels=(None, None, 1))
    assert finish(run_recipe(Work(mixed, NetworkConfig((2,), 3)), (Discover(),), Journal())).network is None
