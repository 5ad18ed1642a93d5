"""Levenberg-Marquardt against numpy's least squares, a normal equation and Fisher's matrix by autograd."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from kan.jacobian import jacobian, parameter_vector, set_parameters, trace
from kan.losses import CrossEntropy, SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss, network_outputs, quadratic_model
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.penalty import edge_blocks
from kan.state import EdgeFormula
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.training import randomised, uniform


def optimizer_of(network: Kan, x: torch.Tensor, y: torch.Tensor, ridge: float = 1e-9) -> LevenbergMarquardt:
    count = len(parameter_vector(network))
    penalty = ridge * torch.eye(count, dtype=torch.float64)
    return LevenbergMarquardt(network, SquaredError(), x, y, penalty=penalty, tolerance=1e-14)


def features(network: Kan, x: torch.Tensor) -> np.ndarray:
    return network.kan_layers[0].design(x).values.numpy()


def test_additive_network_reaches_the_least_squares_solution() -> None:
    # Without the base branch, which a cubic spline nearly contains: there the least-squares solution has huge weights.
    network = Kan([2, 2], grid=4, base="zero")
    x, y = uniform(100, 2), uniform(100, 2, seed=1)
    optimizer = optimizer_of(network, x, y, ridge=1e-12)
    for _ in range(40):
        optimizer.step()
    design = features(network, x)
    solution = np.linalg.lstsq(design, y.numpy(), rcond=None)[0]
    # The ridge of 1e-12 against eigenvalues of about 1e-4, and a loss whose last bits no longer show a gain.
    np.testing.assert_allclose(network(x).detach().numpy(), design @ solution, rtol=0, atol=1e-6)


def test_penalised_solution_meets_its_normal_equation() -> None:
    network, x = Kan([2, 1], grid=4), uniform(50, 2)
    y = uniform(50, 1, seed=1)
    optimizer = optimizer_of(network, x, y, ridge=0.1)
    for _ in range(60):
        optimizer.step()
    design = features(network, x)
    left = design.T @ design / 50 + 0.1 * np.eye(design.shape[1])
    expected = np.linalg.solve(left, design.T @ y.numpy() / 50)
    np.testing.assert_allclose(network.kan_layers[0].weights.detach().numpy(), expected, rtol=0, atol=1e-8)


def test_penalised_loss_never_rises_and_a_refused_step_changes_nothing() -> None:
    network = randomised(Kan([2, 3, 1]), size=2.0)
    x = uniform(60, 2)
    y = torch.sin(5 * x[:, :1]) * x[:, 1:]
    optimizer = optimizer_of(network, x, y)
    costs, refused = [float("inf")], 0
    for _ in range(40):
        before = parameter_vector(network)
        step = optimizer.step()
        after = parameter_vector(network)
        refused += not step.moved
        assert step.moved or torch.equal(before, after)
        costs.append(mean_loss(network, SquaredError(), x, y) + 0.5e-9 * float(after @ after))
    assert refused > 0
    assert all(b <= a for a, b in pairwise(costs))


def test_smooth_function_is_learnt_to_a_small_error() -> None:
    network = Kan([2, 5, 1], seed=0)
    x = uniform(200, 2)
    y = torch.exp(torch.sin(torch.pi * x[:, :1]) + x[:, 1:] ** 2)
    optimizer = optimizer_of(network, x, y)
    for _ in range(80):
        optimizer.step()
    assert mean_loss(network, SquaredError(), x, y) ** 0.5 < 1e-2


def test_non_finite_weights_are_reported_and_not_hidden() -> None:
    network, x = Kan([2, 2, 1]), uniform(20, 2)
    set_parameters(network, torch.full_like(parameter_vector(network), float("nan")))
    step = optimizer_of(network, x, uniform(20, 1)).step()
    assert not np.isfinite(step.loss)
    assert not step.moved


def test_snapshot_put_back_repeats_the_same_bits() -> None:
    network, x = randomised(Kan([2, 3, 1])), uniform(40, 2)
    y = uniform(40, 1, seed=2)
    optimizer = optimizer_of(network, x, y)
    for _ in range(5):
        optimizer.step()
    snapshot = optimizer.snapshot()
    first = [optimizer.step() for _ in range(10)]
    end = parameter_vector(network)
    again = optimizer_of(network, x, y)
    again.restore(snapshot)
    assert [again.step() for _ in range(10)] == first
    assert torch.equal(parameter_vector(network), end)


@pytest.mark.parametrize("outputs", [1, 2])
def test_quadratic_model_of_squared_error_is_mean_of_jacobian_products(outputs: int) -> None:
    network, x, y = randomised(Kan([2, 3, outputs])), uniform(30, 2), uniform(30, outputs, seed=1)
    model = quadratic_model(network, SquaredError(), x, y)
    run = trace(network, x)
    matrix = sum(
        (rows := jacobian(network, run, torch.eye(outputs, dtype=torch.float64)[k].expand(30, -1))).T @ rows
        for k in range(outputs)
    )
    assert isinstance(matrix, torch.Tensor)
    torch.testing.assert_close(model.matrix, matrix / 30, rtol=1e-11, atol=1e-13)
    loss = SquaredError().rows(network(x), y).mean()
    gradients = torch.autograd.grad(loss, [layer.weights for layer in network.kan_layers])
    torch.testing.assert_close(model.descent, -torch.cat([g.flatten() for g in gradients]), rtol=1e-10, atol=1e-12)
    assert model.loss == pytest.approx(float(loss.detach()), rel=1e-13)


def test_matrix_of_cross_entropy_is_the_exact_fisher_matrix() -> None:
    network, x = randomised(Kan([2, 2, 3], grid=3)), uniform(10, 2)
    model = quadratic_model(network, CrossEntropy(), x, torch.arange(10) % 3)
    weights = [layer.weights for layer in network.kan_layers]
    fisher = torch.zeros_like(model.matrix)
    # Its definition: the expectation, over the classes the network itself believes in, of score times score'.
    for row in x:
        chances = torch.softmax(network(row[None])[0].detach(), 0)
        for number, chance in enumerate(chances):
            score = torch.autograd.grad(torch.log_softmax(network(row[None])[0], 0)[number], weights)
            vector = torch.cat([part.flatten() for part in score])
            fisher += chance * torch.outer(vector, vector) / 10
    torch.testing.assert_close(model.matrix, fisher, rtol=1e-9, atol=1e-12)


def test_class_that_no_row_believes_in_leaves_the_model_finite() -> None:
    network, x = Kan([2, 2, 3]), uniform(10, 2)
    with torch.no_grad():
        network.kan_layers[1].coefficients()[0, :, 2] = -50.0
    model = quadratic_model(network, CrossEntropy(), x, torch.arange(10) % 2)
    assert bool(torch.isfinite(model.matrix).all())


def test_row_blocks_change_nothing_but_the_last_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x, y = randomised(Kan([2, 3, 1])), uniform(150, 2), uniform(150, 1, seed=1)
    whole = quadratic_model(network, SquaredError(), x, y)
    outputs = network_outputs(network, x)
    monkeypatch.setattr("kan.cost.BLOCK_NUMBERS", 1)  # the smallest block: 64 rows
    blocks = quadratic_model(network, SquaredError(), x, y)
    torch.testing.assert_close(blocks.matrix, whole.matrix, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(network_outputs(network, x), outputs, rtol=1e-13, atol=1e-15)


def test_step_out_of_a_formulas_domain_is_refused_and_training_goes_on() -> None:
    x = uniform(200, 1)
    y = torch.log(x + 1.02)
    empty = Kan([1, 1], grid=3).state()
    # A step from here makes the argument of the logarithm negative at some rows.
    guess = EdgeFormula(0, 0, "log", 0.3, 1.0, 3.0, 0.0)
    layer = replace(empty.layers[0], mask=np.zeros((1, 1)), formulas=(guess,))
    network = Kan.from_state(replace(empty, layers=(layer,)))
    optimizer = optimizer_of(network, x, y, ridge=0.0)
    refused = 0
    for _ in range(300):
        step = optimizer.step()
        assert np.isfinite(step.loss)
        refused += not step.moved
        assert torch.isfinite(network(x)).all()
    assert refused > 0
    assert float((network(x) - y).detach().square().mean().sqrt()) < 1e-9


@pytest.mark.parametrize("rows", [20, 400], ids=["by rows", "by parameters"])
def test_splines_and_formulas_are_trained_together(rows: int) -> None:
    network, x = Kan.from_state(with_everything()), uniform(rows, 3)
    x[:, 1] = torch.arange(rows) % 3
    y = torch.stack([torch.sin(x[:, 0] * x[:, 2]), x[:, 1] * x[:, 2]], dim=1)
    before, start = float((network(x) - y).detach().square().mean()), parameter_vector(network)
    optimizer = optimizer_of(network, x, y)
    for _ in range(30):
        optimizer.step()
    assert float((network(x) - y).detach().square().mean()) < 1e-2 * before
    constants = torch.cat([block.constants.flatten() for block in edge_blocks(network)])
    assert bool((parameter_vector(network)[constants] != start[constants]).any())
