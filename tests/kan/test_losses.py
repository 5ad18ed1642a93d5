"""Losses, their gradients and Gauss-Newton seeds against autograd and closed forms."""

import pytest
import torch

from kan.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError, loss_for
from tests.kan.training import uniform


def targets(loss: Loss, rows: int, outputs: int) -> torch.Tensor:
    return torch.arange(rows) % outputs if isinstance(loss, CrossEntropy) else uniform(rows, outputs, seed=9)


def matrices(loss: Loss, outputs: torch.Tensor) -> torch.Tensor:
    """The sum of delta delta' of every row, SHAPE (rows, outputs, outputs)."""
    total = torch.zeros(*outputs.shape, outputs.shape[1], dtype=torch.float64)
    for kept, delta in loss.seeds(outputs):
        total[kept] += delta[:, :, None] * delta[:, None, :]
    return total


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()], ids=["mse", "log_loss"])
@pytest.mark.parametrize("outputs", [1, 2, 4])
def test_descent_is_the_negative_gradient(loss: Loss, outputs: int) -> None:
    values = uniform(9, outputs, reach=3.0).requires_grad_()
    y = targets(loss, 9, outputs)
    (gradient,) = torch.autograd.grad(loss.rows(values, y).sum(), values)
    torch.testing.assert_close(loss.descent(values.detach(), y), -gradient, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()], ids=["mse", "log_loss"])
@pytest.mark.parametrize("outputs", [1, 2, 4])
def test_seeds_add_up_to_the_hessian_of_the_loss(loss: Loss, outputs: int) -> None:
    # For both losses the Gauss-Newton matrix by the outputs is the Hessian: identity, and Fisher's diag(p) - p p'.
    values = uniform(6, outputs, reach=2.0)
    y = targets(loss, 6, outputs)
    expected = torch.stack(
        [
            torch.autograd.functional.hessian(lambda f, k=k: loss.rows(f[None], y[k : k + 1]).sum(), values[k])
            for k in range(6)
        ]
    )
    torch.testing.assert_close(matrices(loss, values), expected, rtol=1e-12, atol=1e-13)


def test_classes_that_no_row_believes_in_are_left_out() -> None:
    sure = torch.tensor([[30.0, 0.0]], dtype=torch.float64)
    kept = [len(rows) for rows, _ in CrossEntropy().seeds(sure)]
    assert kept == [1, 0]
    assert float(matrices(CrossEntropy(), sure).abs().max()) < 1e-8


def test_cross_entropy_of_huge_logits_is_finite() -> None:
    rows = CrossEntropy().rows(torch.tensor([[1e300, -1e300]], dtype=torch.float64), torch.tensor([0]))
    assert rows.tolist() == [0.0]


def test_task_names_its_loss() -> None:
    assert isinstance(loss_for("regression", 1), SquaredError)
    assert isinstance(loss_for("classification", 1), BinaryCrossEntropy)
    assert isinstance(loss_for("classification", 3), CrossEntropy)


def test_one_logit_is_cross_entropy_with_the_other_at_zero() -> None:
    outputs, y = uniform(7, 1, reach=3.0), torch.arange(7) % 2
    both = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
    torch.testing.assert_close(BinaryCrossEntropy().rows(outputs, y), CrossEntropy().rows(both, y))
    torch.testing.assert_close(BinaryCrossEntropy().descent(outputs, y), CrossEntropy().descent(both, y)[:, 1:])
    torch.testing.assert_close(matrices(BinaryCrossEntropy(), outputs), matrices(CrossEntropy(), both)[:, 1:, 1:])


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy(), BinaryCrossEntropy()], ids=["mse", "k", "one"])
def test_curvature_is_the_matrix_of_the_seeds(loss: Loss) -> None:
    count = 1 if isinstance(loss, BinaryCrossEntropy) else 3
    outputs = uniform(6, count, reach=2.0)
    torch.testing.assert_close(loss.curvature(outputs), matrices(loss, outputs))
