"""The contract of objectives: loss and gradient against autograd and finite differences, on all rows and on a batch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from kan.jacobian import parameter_vector, set_parameters, trainables
from kan.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from kan.network import Kan
from kan.optimizers.objective import CompiledObjective, Objective, TorchObjective, objective
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.training import randomised, uniform

Make = Callable[[Kan, Loss, Tensor, Tensor], Objective]
BATCH = torch.tensor([3, 140, 77, 3, 9])
LOSSES: dict[str, tuple[Loss, int]] = {
    "squared error": (SquaredError(), 1),
    "squared error of two outputs": (SquaredError(), 2),
    "two classes": (BinaryCrossEntropy(), 1),
    "three classes": (CrossEntropy(), 3),
    "products": (SquaredError(), 2),
    "formulas": (SquaredError(), 2),
}


def case(name: str) -> tuple[Kan, Loss, Tensor, Tensor]:
    """Gives a network with a category and a pruned edge, a loss and 150 rows, some outside the grid."""
    loss, outputs = LOSSES[name]
    products = [(2, 3), (2,)] if name == "products" else None
    network = randomised(Kan([3, 4, outputs], grid=4, input_levels=(None, 3, None), products=products))
    network.kan_layers[0].mask[2, 1] = 0.0
    if name == "formulas":
        network = Kan.from_state(with_everything())
    x = uniform(150, 3, reach=1.5)
    x[:, 1] = torch.arange(150) % 4
    y = uniform(150, outputs, seed=2)
    if name == "two classes":
        y = (y[:, 0] > 0).to(torch.float64)
    if name == "three classes":
        y = y.argmax(1)
    return network, loss, x, y


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("make", [TorchObjective, CompiledObjective])
class TestObjective:
    @pytest.mark.parametrize("rows", [None, BATCH], ids=["all rows", "batch"])
    def test_loss_and_gradient_are_those_of_autograd(self, make: Make, name: str, rows: Tensor | None) -> None:
        network, loss, x, y = case(name)
        asked = make(network.copy(), loss, x, y)
        picked = slice(None) if rows is None else rows
        value = loss.rows(network(x[picked]), y[picked]).mean()
        parts = torch.autograd.grad(value, trainables(network))
        found, gradient = asked.gradient(parameter_vector(network), rows)
        assert found == pytest.approx(float(value.detach()), rel=1e-12)
        torch.testing.assert_close(gradient, torch.cat([p.flatten() for p in parts]), rtol=1e-10, atol=1e-14)

    def test_gradient_is_the_slope_of_the_mean_loss(self, make: Make, name: str) -> None:
        network, loss, x, y = case(name)
        asked, start = make(network, loss, x, y), parameter_vector(network)
        way = torch.from_numpy(np.random.default_rng(0).normal(size=len(start)))
        slope = (asked.mean_loss(start + 1e-6 * way) - asked.mean_loss(start - 1e-6 * way)) / 2e-6
        assert float(asked.gradient(start)[1] @ way) == pytest.approx(slope, rel=1e-6)

    def test_blocks_add_up_to_the_whole(self, make: Make, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        network, loss, x, y = case(name)
        whole, gradient = make(network, loss, x, y).gradient(parameter_vector(network))
        monkeypatch.setattr("kan.cost.BLOCK_NUMBERS", 1)  # the smallest block: 64 rows
        found, added = make(network, loss, x, y).gradient(parameter_vector(network))
        assert found == pytest.approx(whole, rel=1e-12)
        torch.testing.assert_close(added, gradient, rtol=1e-11, atol=1e-15)

    def test_the_same_call_gives_the_same_bits(self, make: Make, name: str) -> None:
        network, loss, x, y = case(name)
        asked, weights = make(network, loss, x, y), parameter_vector(network)
        first, gradient = asked.gradient(weights, BATCH)
        asked.gradient(2 * weights)
        again, same = asked.gradient(weights, BATCH)
        assert first == again
        assert torch.equal(gradient, same)


@pytest.mark.parametrize("name", ["two classes", "three classes"])
def test_logits_far_out_have_a_finite_loss_and_the_gradient_of_autograd(name: str) -> None:
    network, loss, x, y = case(name)
    weights = 3_000 * parameter_vector(network)
    found, gradient = CompiledObjective(network, loss, x, y).gradient(weights)
    expected, other = TorchObjective(network, loss, x, y).gradient(weights)
    assert found == pytest.approx(expected, rel=1e-12)
    assert found > 1_000
    torch.testing.assert_close(gradient, other, rtol=1e-9, atol=1e-12)


def test_compiled_kernels_are_taken_in_float64_on_the_cpu_and_leave_the_network_alone() -> None:
    network, loss, x, y = case("squared error")
    before = parameter_vector(network)
    asked = objective(network, loss, x, y)
    assert isinstance(asked, CompiledObjective)
    asked.gradient(2 * before)
    assert torch.equal(parameter_vector(network), before)


def test_other_numbers_are_torch_s() -> None:
    network, loss, x, y = case("squared error")
    assert isinstance(objective(network, loss, x.float(), y.float()), TorchObjective)


def test_model_s_descent_is_the_negative_gradient() -> None:
    network, loss, x, y = case("three classes")
    asked, weights = objective(network, loss, x, y), parameter_vector(network)
    set_parameters(network, weights)
    torch.testing.assert_close(asked.model(weights).descent, -asked.gradient(weights)[1], rtol=1e-10, atol=1e-13)
