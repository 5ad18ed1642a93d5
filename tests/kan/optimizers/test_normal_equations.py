"""Damped normal equations by rows: against a dense solve and stacked least squares; the plain dual errs."""

import numpy as np
import pytest
import torch

from kan.jacobian import parameter_vector
from kan.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss, quadratic_model, row_model
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.normal_equations import ByParameters, ByRows
from kan.optimizers.objective import objective
from kan.penalty import constant_penalty, parameter_blocks, penalty_matrix
from tests.kan.training import randomised, uniform

LOSSES: list[tuple[Loss, int]] = [
    (SquaredError(), 1),
    (SquaredError(), 2),
    (BinaryCrossEntropy(), 1),
    (CrossEntropy(), 3),
]
CASES = pytest.mark.parametrize(("loss", "outputs"), LOSSES, ids=["mse", "mse 2", "binary", "classes"])


def a_case(loss: Loss, outputs: int, rows: int = 12) -> tuple[Kan, torch.Tensor, torch.Tensor]:
    """A network with a category, of many more parameters than rows."""
    x = uniform(rows, 2)
    x[:, 1] = torch.arange(rows) % 3
    y = uniform(rows, outputs, seed=3) if isinstance(loss, SquaredError) else torch.arange(rows) % max(outputs, 2)
    return randomised(Kan([2, 4, outputs], grid=6, input_levels=(None, 3))), x, y


def both(loss: Loss, outputs: int) -> tuple[ByRows, ByParameters, torch.Tensor]:
    """The same equations by rows and by parameters, and their right side."""
    network, x, y = a_case(loss, outputs)
    penalty = penalty_matrix(network, constant_penalty(network, 1e-3, 1e-2))
    by_rows = ByRows(row_model(network, loss, x, y), penalty, parameter_blocks(network))
    model = quadratic_model(network, loss, x, y)
    return by_rows, ByParameters(model, penalty), model.descent - penalty @ parameter_vector(network)


@pytest.mark.parametrize("damping", [1e-8, 1e-4, 1.0])
@CASES
def test_step_by_rows_is_the_step_by_parameters(loss: Loss, outputs: int, damping: float) -> None:
    by_rows, by_parameters, right = both(loss, outputs)
    diagonal = by_parameters.diagonal()
    torch.testing.assert_close(by_rows.diagonal(), diagonal, rtol=1e-11, atol=1e-14)
    shift = damping * (diagonal + diagonal.max())
    expected, found = by_parameters.solve(shift, right), by_rows.solve(shift, right)
    assert expected is not None
    assert found is not None
    # The condition number, about one over the damping, times the rounding of both ways.
    error = float((found - expected).norm() / expected.norm())
    assert error < 1e-14 / damping + 1e-12
    torch.testing.assert_close(by_rows.product(right), by_parameters.product(right), rtol=1e-9, atol=1e-12)


def test_step_by_rows_solves_the_stacked_least_squares_problem() -> None:
    network, x, y = a_case(SquaredError(), 1)
    penalty = penalty_matrix(network, constant_penalty(network, 1e-3, 1e-2))
    model = row_model(network, SquaredError(), x, y)
    shift = torch.full((len(penalty),), 1e-3, dtype=torch.float64)
    residual = ((y - network(x).detach())[:, 0] / len(x) ** 0.5).numpy()
    # min |J d - r|^2 + d'(R + S) d as one least-squares problem, by orthogonal factors and no normal equations.
    values, vectors = np.linalg.eigh((penalty + torch.diag(shift)).numpy())
    root = (vectors * np.sqrt(values)).T
    stacked = np.vstack([model.rows.numpy(), root])
    expected = np.linalg.lstsq(stacked, np.concatenate([residual, np.zeros(len(root))]), rcond=None)[0]
    found = ByRows(model, penalty, parameter_blocks(network)).solve(shift, model.descent)
    assert found is not None
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    # The dual that knows of the damping alone is another step: it must not be what is computed.
    plain = model.rows.T @ torch.linalg.solve(
        model.rows @ model.rows.T + 1e-3 * torch.eye(len(x), dtype=torch.float64), torch.from_numpy(residual)
    )
    assert float((plain - found).norm() / found.norm()) > 0.1


def test_blocks_hold_every_parameter_once_and_all_of_the_penalty() -> None:
    network, _, _ = a_case(SquaredError(), 2)
    penalty = penalty_matrix(network, constant_penalty(network, 1e-3, 1e-2))
    blocks = parameter_blocks(network)
    assert sorted(torch.cat([block.flatten() for block in blocks]).tolist()) == list(range(len(penalty)))
    for block in blocks:
        penalty[block[:, :, None], block[:, None, :]] = 0.0
    assert not penalty.any()


@CASES
def test_compiled_rows_are_those_of_torch(loss: Loss, outputs: int) -> None:
    network, x, y = a_case(loss, outputs)
    found, expected = (
        objective(network, loss, x, y).row_model(parameter_vector(network)),
        row_model(network, loss, x, y),
    )
    assert found.loss == pytest.approx(expected.loss, rel=1e-12)
    torch.testing.assert_close(found.descent, expected.descent, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(found.rows, expected.rows, rtol=1e-10, atol=1e-13)


def test_training_with_few_rows_makes_no_matrix_of_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x, y = a_case(SquaredError(), 1)
    before = mean_loss(network, SquaredError(), x, y)
    penalty = penalty_matrix(network, constant_penalty(network, 1e-9))
    monkeypatch.setattr("kan.kernels.cpu.cpu_network.CpuNetwork.normal_matrix", None)
    optimizer = LevenbergMarquardt(network, SquaredError(), x, y, penalty=penalty)
    for _ in range(30):
        optimizer.step()
    assert mean_loss(network, SquaredError(), x, y) < 1e-6 * before
