"""The quadratic model output by output is the one by seeds of whole rows."""

import pytest
import torch

from kan.jacobian import parameter_vector
from kan.losses import CrossEntropy, Loss, SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import quadratic_model
from kan.optimizers.output_blocks import OutputBlocks, has_output_blocks, weighted_products
from tests.kan.training import randomised, uniform


@pytest.mark.parametrize("base", ["silu", "zero"])
@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()], ids=["mse", "classes"])
def test_model_is_that_of_any_network(loss: Loss, base: str) -> None:
    x = uniform(40, 3)
    x[:, 1] = torch.arange(40) % 3
    y = uniform(40, 4, seed=3) if isinstance(loss, SquaredError) else torch.arange(40) % 4
    network = randomised(Kan([3, 2, 4], grid=4, base=base, input_levels=(None, 3, None)))
    network.kan_layers[0].mask[2, 1] = 0.0
    network.kan_layers[1].mask[0, 3] = 0.0
    expected = quadratic_model(network, loss, x, y)
    found = OutputBlocks(network, loss, x, y).model(parameter_vector(network))
    assert found.loss == pytest.approx(expected.loss, rel=1e-13)
    torch.testing.assert_close(found.descent, expected.descent, rtol=1e-11, atol=1e-13)
    # The seeds leave out what is next to nothing.
    torch.testing.assert_close(found.matrix, expected.matrix, rtol=1e-3, atol=1e-4)


def test_products_are_sums_over_the_rows() -> None:
    left, right, weights = uniform(7, 2), uniform(7, 3, seed=1), uniform(7, 20, seed=2).view(7, 4, 5)
    expected = torch.einsum("nm,nab,np->mapb", left, weights, right)
    torch.testing.assert_close(weighted_products(left, right, weights), expected)


@pytest.mark.parametrize(("widths", "applies"), [([2, 3, 3], True), ([2, 3, 1], False), ([2, 3, 3, 3], False)])
def test_one_hidden_layer_and_several_outputs_ask_for_it(widths: list[int], applies: bool) -> None:
    assert has_output_blocks(Kan(widths)) is applies
