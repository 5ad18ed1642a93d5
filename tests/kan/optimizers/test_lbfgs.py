"""L-BFGS against normal equations and autograd, resumed to the same bits, and with nothing left of an older grid."""

import math

import pytest
import torch

from kan.config import Fit
from kan.fitting import fit
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import SquaredError
from kan.move_grid import move_grids
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.optimizers.lbfgs import Lbfgs
from kan.stages.grids import refined_network
from tests.kan.training import uniform

X = uniform(100, 2)
Y = torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2


def lbfgs(network: Kan, ridge: float = 1e-9, tolerance: float = 1e-14) -> Lbfgs:
    return Lbfgs(network, SquaredError(), X, Y, penalty=lambda weights: ridge * weights, tolerance=tolerance)


def after(steps: int, network: Kan) -> Lbfgs:
    optimizer = lbfgs(network)
    for _ in range(steps):
        optimizer.step()
    return optimizer


def test_quadratic_problem_is_solved_to_its_normal_equation() -> None:
    network = Kan([2, 1], grid=4, base="zero")
    optimizer = lbfgs(network, ridge=0.01)
    for _ in range(200):
        optimizer.step()
    design = network.kan_layers[0].design(X).values
    left = design.T @ design / len(X) + 0.01 * torch.eye(design.shape[1], dtype=torch.float64)
    expected = torch.linalg.solve(left, design.T @ Y / len(X))
    torch.testing.assert_close(network.kan_layers[0].weights.detach(), expected, rtol=0, atol=1e-6)


def test_curved_valley_is_followed_to_a_small_loss_that_never_rises() -> None:
    network = Kan([2, 5, 1])
    optimizer, last = lbfgs(network), math.inf
    for _ in range(150):
        step = optimizer.step()
        assert step.loss <= last + 1e-8
        last = step.loss
    assert last < 1e-4


@pytest.mark.parametrize("steps", [0, 1, 5, 25])
def test_snapshot_put_back_repeats_the_same_bits(steps: int) -> None:
    network = Kan([2, 3, 1])
    optimizer = after(steps, network)
    snapshot = optimizer.snapshot()
    first = [optimizer.step() for _ in range(10)]
    other = Kan([2, 3, 1], seed=7)
    again = after(2, other)
    again.restore(snapshot)
    assert [again.step() for _ in range(10)] == first
    assert torch.equal(parameter_vector(other), parameter_vector(network))


def test_snapshot_does_not_change_with_later_steps() -> None:
    optimizer = after(3, Kan([2, 3, 1]))
    snapshot = optimizer.snapshot()
    held = {name: value.clone() for name, value in snapshot.items()}
    optimizer.step()
    assert all(torch.equal(snapshot[name], value) for name, value in held.items())


def test_history_is_bounded() -> None:
    assert after(15, Kan([2, 3, 1])).remembered == 10


def test_moved_grid_is_met_without_history_so_that_a_fresh_optimizer_takes_the_same_step() -> None:
    network = Kan([2, 3, 1])
    optimizer = after(6, network)
    move_grids(network, X * 1.5)
    fresh_network = network.copy()
    step, fresh = optimizer.step(), lbfgs(fresh_network).step()
    assert optimizer.remembered == 1
    assert step == fresh
    assert torch.equal(parameter_vector(network), parameter_vector(fresh_network))


def test_snapshot_from_before_a_moved_grid_brings_no_history_back() -> None:
    network = Kan([2, 3, 1])
    optimizer = after(6, network)
    snapshot = optimizer.snapshot()
    move_grids(network, X * 1.5)
    optimizer.restore(snapshot)
    optimizer.step()
    assert optimizer.remembered == 1


def test_refined_network_goes_on_to_a_smaller_loss() -> None:
    coarse = Kan([2, 3, 1], grid=3)
    after(60, coarse)
    fine = refined_network(coarse, 6)
    before = mean_loss(fine, SquaredError(), X, Y)
    after(60, fine)
    assert mean_loss(fine, SquaredError(), X, Y) < 0.5 * before


def test_start_that_is_not_finite_is_left_alone() -> None:
    network = Kan([2, 1])
    set_parameters(network, torch.full_like(parameter_vector(network), math.inf))
    before = parameter_vector(network)
    step = lbfgs(network).step()
    assert (step.moved, step.converged) == (False, False)
    assert not math.isfinite(step.loss)
    assert torch.equal(parameter_vector(network), before)


def test_lengths_with_an_infinite_loss_are_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Kan([2, 3, 1])
    optimizer = after(3, network)
    start, evaluate = parameter_vector(network), optimizer._evaluate

    def fenced(weights: torch.Tensor) -> tuple[float, float, torch.Tensor]:
        here = evaluate(weights)
        return here if float((weights - start).norm()) < 1e-4 else (math.nan, math.nan, here[2])

    monkeypatch.setattr(optimizer, "_evaluate", fenced)
    assert optimizer.step().moved
    assert 0.0 < float((parameter_vector(network) - start).norm()) < 1e-4


def test_fit_stage_runs_it_where_asked_for() -> None:
    run = fit(Kan([2, 3, 1]), X.numpy(), Y.numpy(), recipe=[Fit(optimizer="lbfgs", steps=10, patience=None)])
    assert run.history[0].steps == 100
    assert run.metrics["train"]["r2"] > 0.99
