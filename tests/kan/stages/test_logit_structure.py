"""Of two classes a product is told from a sum by log-loss alone, and a sum stays one whichever way noise falls."""

from collections.abc import Callable

import pytest
import torch

from kan.config import NetworkConfig
from kan.config_symbolic import Discover
from kan.journal import Journal
from kan.losses import BinaryCrossEntropy
from kan.predictor import evaluate
from kan.stages.logit_structure import logit_structure, steps_expected
from kan.stages.ranking import spline_edges
from kan.stages.recipe import run_recipe
from kan.stages.refitting import Refitting
from kan.stages.work import Work
from kan.state import NetworkState
from kan.structures import structures
from tests.kan.training import a_problem, finish, uniform

Law = Callable[[torch.Tensor], torch.Tensor]


def product(x: torch.Tensor) -> torch.Tensor:
    return 8.0 * x[:, 0] * x[:, 1]


def found(law: Law, inputs: int, seed: int, noise: float = 0.0) -> NetworkState | None:
    """The structure of classes drawn by a logit, or that are the sign of the same with noise."""
    x, generator = uniform(500, inputs, seed=seed), torch.Generator().manual_seed(seed + 1)
    chance = torch.rand(500, generator=generator, dtype=torch.float64)
    drawn = chance < torch.sigmoid(law(x))
    signs = law(x) > noise * torch.randn(500, generator=generator, dtype=torch.float64)
    problem = a_problem(x, (signs if noise else drawn).double(), loss=BinaryCrossEntropy())
    return finish(logit_structure(Refitting(problem, problem.train), Discover(starts=2)))


@pytest.mark.parametrize(("seed", "noise"), [(0, 0.0), pytest.param(1, 0.0, marks=pytest.mark.slow), (2, 1.0)])
def test_a_product_in_the_logit_is_found(seed: int, noise: float) -> None:
    state = found(product, 2, seed, noise)
    assert state is not None
    assert spline_edges(state) == []
    assert state.layers[0].products == (2,)
    fresh = uniform(300, 2, seed=99)
    logits = torch.from_numpy(evaluate(state, fresh.numpy())[:, 0])
    assert float(torch.corrcoef(torch.stack([logits, product(fresh)]))[0, 1]) > 0.98


def test_an_input_that_says_nothing_is_no_factor() -> None:
    state = found(product, 3, seed=0)
    assert state is not None
    assert state.layers[0].products == (2,)
    assert not state.layers[0].live[2].any()


@pytest.mark.parametrize(("inputs", "seed", "noise"), [(2, 0, 0.0), (2, 1, 1.0), (3, 2, 0.0)])
def test_a_sum_is_left_to_the_curves_that_it_has(inputs: int, seed: int, noise: float) -> None:
    assert found(lambda x: 8.0 * (x[:, 0] ** 2 + x[:, 1] - 0.3), inputs, seed, noise) is None


def test_category_multiplies_in_the_logit() -> None:
    """The level's factor times a function of the number: no sum has it, and a category is no number."""
    level = torch.arange(500) % 3
    x = torch.stack([uniform(500, 1)[:, 0], level.double()], 1)
    logit = 8.0 * torch.tensor([1.0, -1.0, 0.2], dtype=torch.float64)[level] * x[:, 0]
    chance = torch.rand(500, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn = (chance < torch.sigmoid(logit)).double()
    problem = a_problem(x, drawn, loss=BinaryCrossEntropy(), input_levels=(None, 3))
    work = finish(run_recipe(Work(problem, NetworkConfig((), 5)), (Discover(starts=1, tries=1),), Journal()))
    assert work.network is not None
    assert work.network.state().layers[0].level_table(1) is not None
    logits = work.network(x)[:, 0].detach()
    assert float(torch.corrcoef(torch.stack([logits, logit]))[0, 1]) > 0.98


def test_steps_are_those_of_structures_that_read_each_input_once() -> None:
    once = [structure for structure in structures(2) if structure.reads_once]
    assert [structure.name for structure in once] == ["S(x1, x2)", "P(x1, x2)", "F(S(x1, x2))", "F(P(x1, x2))"]
    assert steps_expected(2, Discover(starts=3)) == 20 * 3 * 4
