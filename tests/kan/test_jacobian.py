"""The Jacobian by hand against autograd, for every kind of network."""

from typing import Any

import pytest
import torch

from kan.jacobian import jacobian, parameter_vector, set_parameters, trace
from kan.network import Kan
from tests.kan.training import randomised, uniform

SHAPES: dict[str, dict[str, Any]] = {
    "one layer": {"widths": [2, 1]},
    "one layer, three outputs": {"widths": [2, 3]},
    "two layers": {"widths": [2, 3, 1]},
    "two layers, two outputs": {"widths": [3, 4, 2]},
    "three layers": {"widths": [2, 3, 2, 2], "degree": 2},
    "categories": {"widths": [3, 3, 2], "input_levels": (3, None, 2)},
    "a product": {"widths": [3, 1], "products": [(3,)]},
    "products": {"widths": [3, 4, 2, 2], "products": [(2, 3), (2,), (2,)], "input_levels": (None, 3, None)},
    "categories alone": {"widths": [2, 2, 1], "input_levels": (3, 2)},
}


def network_and_rows(shape: dict[str, Any], base: str, *, masked: bool) -> tuple[Kan, torch.Tensor]:
    network = randomised(Kan(**shape, base=base, grid=4))
    if masked:
        for layer in network.kan_layers:
            layer.mask[0, 0] = 0.0
    x = uniform(12, network.widths[0], reach=1.5)
    for i, levels in enumerate(network.kan_layers[0].input_levels):
        if levels is not None:
            x[:, i] = torch.arange(12) % (levels + 1)  # the last index: a level never seen
    return network, x


def autograd_jacobian(network: Kan, x: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    rows = []
    for number in range(len(x)):
        value = (network(x[number : number + 1]) * delta[number]).sum()
        gradients = torch.autograd.grad(value, [layer.weights for layer in network.kan_layers])
        rows.append(torch.cat([gradient.flatten() for gradient in gradients]))
    return torch.stack(rows)


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "pruned"])
@pytest.mark.parametrize("base", ["silu", "zero"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_jacobian_equals_autograd(shape: dict[str, Any], base: str, masked: bool) -> None:
    network, x = network_and_rows(shape, base, masked=masked)
    delta = uniform(len(x), network.widths[-1], seed=3)
    found = jacobian(network, trace(network, x), delta)
    # The same products in another order.
    torch.testing.assert_close(found, autograd_jacobian(network, x, delta), rtol=1e-11, atol=1e-11)


def test_traced_outputs_are_those_of_the_network() -> None:
    network, x = network_and_rows(SHAPES["three layers"], "silu", masked=False)
    torch.testing.assert_close(trace(network, x).outputs, network(x), rtol=0, atol=1e-13)


def test_trace_of_some_rows_is_that_of_the_rows_alone() -> None:
    network, x = network_and_rows(SHAPES["products"], "silu", masked=False)
    kept, delta = torch.tensor([1, 5, 6]), uniform(3, 2, seed=3)
    found = jacobian(network, trace(network, x).some(kept), delta)
    torch.testing.assert_close(found, jacobian(network, trace(network, x[kept]), delta), rtol=1e-12, atol=1e-12)


def test_parameters_written_back_keep_every_bit() -> None:
    network, x = network_and_rows(SHAPES["categories"], "silu", masked=False)
    before, vector = network(x), parameter_vector(network)
    set_parameters(network, torch.zeros_like(vector))
    assert not torch.equal(network(x), before)
    set_parameters(network, vector)
    assert torch.equal(network(x), before)
    assert len(vector) == sum(weights.numel() for weights in network.parameters())
