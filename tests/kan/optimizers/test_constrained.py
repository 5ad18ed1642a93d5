"""Shapes hold at every step, and what is reached under them is what a solver of bounded least squares reaches."""

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear

from kan.config_constraints import KINDS, Constraint
from kan.constraints import all_constrained, shape_matrix
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.constrained import ConstrainedLevenbergMarquardt
from kan.optimizers.gauss_newton import mean_loss
from kan.stages.smooth import RIDGE, smoothness
from tests.kan.training import uniform

SHAPES = KINDS[:4]
X = uniform(300, 2)
NOISE = torch.randn(300, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
Y = torch.sin(4.0 * X[:, :1]) + X[:, 1:] ** 2 + 0.5 * NOISE


def start(kind: str, widths: list[int], base: str = "silu") -> tuple[Kan, list[Constraint]]:
    constraints = [Constraint(0, 0, 0, kind)]
    return Kan.from_state(all_constrained(Kan(widths, grid=8, base=base).state(), constraints)), constraints


def trained(network: Kan, constraints: list[Constraint], steps: int) -> list[float]:
    options = {"penalty": smoothness(network, 0.0, 0.0), "tolerance": 1e-12}
    optimizer = ConstrainedLevenbergMarquardt(network, SquaredError(), X, Y, constraints, **options)
    return [optimizer.step().loss for _ in range(steps)]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("widths", [[2, 1], [2, 2, 1]], ids=str)
def test_edge_keeps_its_shape_at_every_step(kind: str, widths: list[int]) -> None:
    network, constraints = start(kind, widths)
    for _ in range(6):
        trained(network, constraints, 3)
        state = network.state()
        # An edge that has its shape is left as it is.
        assert all_constrained(state, constraints) is state


@pytest.mark.parametrize("kind", SHAPES)
def test_additive_network_reaches_the_optimum_of_bounded_least_squares(kind: str) -> None:
    network, constraints = start(kind, [2, 1], base="zero")
    losses = trained(network, constraints, 60)
    layer = network.kan_layers[0]
    design = layer.design(X).values.numpy()
    steps = np.eye(design.shape[1])
    shape, free = shape_matrix(network.state().layers[0], 0, kind)
    steps[: len(shape), : len(shape)] = shape
    least = np.full(len(steps), -np.inf)
    least[free : len(shape)] = 0.0
    # The ridge makes the constant, which both edges can hold, one.
    rows = np.vstack([design @ steps / 300**0.5, RIDGE**0.5 * steps])
    target = np.concatenate([Y[:, 0].numpy() / 300**0.5, np.zeros(len(steps))])
    optimum = lsq_linear(rows, target, bounds=(least, np.inf), tol=1e-14, max_iter=500)
    assert losses[-1] == pytest.approx(optimum.cost, rel=1e-6)


def test_rising_edge_of_noisy_data_rises_everywhere_and_beats_what_is_projected_afterwards() -> None:
    # Where the data rise too, but for their noise.
    y = torch.tanh(3.0 * X[:, :1]) + 0.5 * NOISE
    network, constraints = start("increasing", [2, 1])
    options = {"penalty": smoothness(network, 0.0, 0.0)}
    optimizer = ConstrainedLevenbergMarquardt(network, SquaredError(), X, y, constraints, **options)
    for _ in range(40):
        optimizer.step()
    coefficients = network.state().layers[0].coefficients[0, :, 0]
    assert np.diff(coefficients).min() >= -1e-12 * np.abs(coefficients).max()
    line = torch.stack([torch.linspace(-1, 1, 1000, dtype=torch.float64), torch.zeros(1000)], 1).double()
    assert float(network(line).detach().diff(dim=0).min()) >= -1e-12
    free, _ = start("increasing", [2, 1])
    without = ConstrainedLevenbergMarquardt(free, SquaredError(), X, y, [], **options)
    for _ in range(40):
        without.step()
    projected = Kan.from_state(all_constrained(free.state(), constraints))
    assert all_constrained(free.state(), constraints) is not free.state()
    assert mean_loss(network, SquaredError(), X, y) < mean_loss(projected, SquaredError(), X, y)


def test_snapshot_goes_on_to_the_same_bits() -> None:
    network, constraints = start("convex", [2, 2, 1])
    options = {"penalty": smoothness(network, 0.0, 0.0)}
    optimizer = ConstrainedLevenbergMarquardt(network, SquaredError(), X, Y, constraints, **options)
    for _ in range(5):
        optimizer.step()
    snapshot = {key: value.clone() for key, value in optimizer.snapshot().items()}
    expected = [optimizer.step().loss for _ in range(5)]
    optimizer.restore(snapshot)
    assert [optimizer.step().loss for _ in range(5)] == expected
