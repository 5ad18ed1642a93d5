"""Networks without a hidden layer: their quadratic model is the general one, and Newton finds the minimum."""

import math

import pytest
import torch

from kan.additive import AdditiveRows, Newton
from kan.jacobian import parameter_vector
from kan.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss, quadratic_model
from kan.penalty import constant_penalty, penalty_matrix
from tests.kan.training import randomised, uniform

CASES: list[tuple[Loss, int]] = [(SquaredError(), 2), (BinaryCrossEntropy(), 1), (CrossEntropy(), 3)]


def a_case(loss: Loss, outputs: int) -> tuple[Kan, torch.Tensor, torch.Tensor]:
    x = uniform(40, 2)
    x[:, 1] = torch.arange(40) % 3
    y = uniform(40, outputs, seed=3) if isinstance(loss, SquaredError) else torch.arange(40) % max(outputs, 2)
    return randomised(Kan([2, outputs], grid=4, base="zero", input_levels=(None, 3))), x, y


@pytest.mark.parametrize(("loss", "outputs"), CASES, ids=["mse", "one logit", "three classes"])
def test_quadratic_model_is_that_of_any_network(loss: Loss, outputs: int) -> None:
    network, x, y = a_case(loss, outputs)
    found = AdditiveRows(network, loss, x, y).quadratic_model(parameter_vector(network))
    expected = quadratic_model(network, loss, x, y)
    assert found.loss == pytest.approx(expected.loss, rel=1e-13)
    torch.testing.assert_close(found.descent, expected.descent, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found.matrix, expected.matrix, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("loss", "outputs"), CASES, ids=["mse", "one logit", "three classes"])
def test_newton_ends_where_the_penalised_gradient_vanishes(loss: Loss, outputs: int) -> None:
    network, x, y = a_case(loss, outputs)
    rows = AdditiveRows(network, loss, x, y)
    penalty = penalty_matrix(network, constant_penalty(network, 1e-3, 1e-3))
    newton = Newton(network, rows, penalty, tolerance=1e-15)
    while not newton.step().converged:
        pass
    weights = parameter_vector(network)
    gradient = rows.quadratic_model(weights).descent - penalty @ weights
    assert float(gradient.abs().max()) < 1e-6
    assert rows.mean_loss(weights) == pytest.approx(mean_loss(network, loss, x, y), rel=1e-13)


def test_newton_reports_rows_that_are_not_finite_and_moves_nothing() -> None:
    network, x = Kan([2, 1], base="zero"), uniform(30, 2)
    x[4, 0] = float("nan")
    rows = AdditiveRows(network, SquaredError(), x, uniform(30, 1, seed=1))
    before = parameter_vector(network)
    step = Newton(network, rows, 1e-6 * torch.eye(len(before), dtype=torch.float64)).step()
    assert math.isnan(step.loss)
    assert (step.moved, step.converged) == (False, False)
    assert torch.equal(parameter_vector(network), before)
