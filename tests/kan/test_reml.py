"""Smoothness by REML: noise asks for straight edges, a clear curve for wiggly ones."""

import torch

from kan.config import NetworkConfig
from kan.journal import Journal
from kan.losses import CrossEntropy, SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss, quadratic_model
from kan.penalty import LayerPenalty, constant_penalty
from kan.problem import Problem
from kan.reml import LARGEST, LARGEST_CHANGE, SMALLEST, update_penalties
from kan.stages.members import Candidate, fit_member
from tests.kan.training import a_problem, finish, uniform


def normal(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def additive(problem: Problem) -> Kan:
    return finish(fit_member(problem, Candidate(0, 8), problem.every, 0, 30, Journal(), "member"))


def curvature(network: Kan, source: int) -> float:
    return float(network.kan_layers[0].coefficients()[source].diff(n=2, dim=0).detach().abs().max())


def test_pure_noise_gets_nearly_flat_edges() -> None:
    x, y = uniform(300, 2), normal(300, 1)
    network = additive(a_problem(x, y))
    with torch.no_grad():
        explained = network(x).var() / y.var()
    # Ordinary least squares on 22 parameters would explain 22 / 300 = 7 % by chance.
    assert float(explained) < 0.03


def test_curved_edge_stays_curved_where_a_linear_one_becomes_straight() -> None:
    x = uniform(300, 2)
    y = torch.sin(4 * x[:, :1]) + x[:, 1:] + 0.1 * normal(300, 1)
    network = additive(a_problem(x, y))
    assert curvature(network, 0) > 20 * curvature(network, 1)
    # The noise's own variance is 0.01, half of it the loss.
    assert mean_loss(network, SquaredError(), x, y) < 0.0055


def test_estimated_smoothness_predicts_better_than_none() -> None:
    def truth(x: torch.Tensor) -> torch.Tensor:
        return torch.sin(3 * x[:, :1])

    x = uniform(60, 3)
    y = truth(x) + 0.5 * normal(60, 1)
    smooth = additive(a_problem(x, y))
    design = smooth.kan_layers[0].design(x).values
    free = torch.linalg.lstsq(design, y, driver="gelsd").solution
    fresh = uniform(500, 3, seed=5)
    with torch.no_grad():
        errors = [
            float((outputs - truth(fresh)).square().mean())
            for outputs in (smooth(fresh), smooth.kan_layers[0].design(fresh).values @ free)
        ]
    assert errors[0] < 0.5 * errors[1]


def test_updates_stay_inside_their_bounds() -> None:
    network, x = Kan([2, 2], base="zero", input_levels=(None, 3)), uniform(50, 2)
    x[:, 1] = torch.arange(50) % 3
    penalties: list[LayerPenalty] = constant_penalty(network, 1e-4, 1e-4)
    for loss, y in ((SquaredError(), uniform(50, 2, seed=1)), (CrossEntropy(), torch.arange(50) % 2)):
        model = quadratic_model(network, loss, x, y)
        for _ in range(20):
            updated = update_penalties(network, penalties, model, loss, 50)
            for old, new in zip(penalties, updated, strict=True):
                for name in ("curvature", "slope", "levels"):
                    ratio = getattr(new, name) / getattr(old, name)
                    assert bool((ratio <= LARGEST_CHANGE * 1.001).all())
                    assert bool(((getattr(new, name) >= SMALLEST) & (getattr(new, name) <= LARGEST)).all())
            penalties = updated


def test_edges_of_one_node_share_the_slope_and_each_has_its_curvature() -> None:
    network, x = Kan([3, 2], base="zero", seed=4), uniform(50, 3)
    loss, y = SquaredError(), uniform(50, 2, seed=1)
    (updated,) = update_penalties(
        network, constant_penalty(network, 1e-5, 1e-2), quadratic_model(network, loss, x, y), loss, 50
    )
    assert updated.slope.shape == updated.curvature.shape == (3, 2)
    assert torch.equal(updated.slope, updated.slope[:1].expand(3, 2))
    assert len(updated.curvature.unique()) == 6
    assert len(updated.slope.unique()) == 2


def test_degree_and_levels_of_the_problem_reach_the_member() -> None:
    x = uniform(50, 2)
    x[:, 1] = torch.arange(50) % 3
    problem = a_problem(x, x[:, :1], input_levels=(None, 3))
    network = finish(fit_member(problem, Candidate(0, 4, degree=2), problem.every, 0, 30, Journal(), "member"))
    assert network.config == NetworkConfig((), 4, 2, "zero")
    assert network.kan_layers[0].input_levels == (None, 3)
