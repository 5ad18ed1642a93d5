"""One layer against its formula written with scipy, and its derivatives against autograd."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from kan.config import NetworkConfig
from kan.layer import KanLayer
from tests.kan.training import uniform


def a_layer(base: str = "silu", levels: tuple[int | None, ...] = (None, None), outputs: int = 3) -> KanLayer:
    layer = KanLayer(levels, outputs, NetworkConfig((), grid=4, degree=3, base=base))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        layer.weights.copy_(torch.randn(layer.weights.shape, generator=generator, dtype=torch.float64))
    return layer


@pytest.mark.parametrize("base", ["silu", "zero"])
def test_node_is_the_sum_of_its_edges(base: str) -> None:
    layer = a_layer(base)
    x = uniform(50, 2, reach=0.999)
    expected = np.zeros((50, 3))
    for i in range(2):
        spline = BSpline(layer.knots[i].numpy(), layer.coefficients()[i].detach().numpy(), 3)
        column = x[:, i].numpy()
        silu = column / (1 + np.exp(-column))
        expected += spline(column) + silu[:, None] * layer.base_weights()[i].detach().numpy()
    # Sums of about ten products of numbers of size one.
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=0, atol=1e-13)


def test_category_edge_gives_one_value_per_level_and_zero_for_an_unseen_one() -> None:
    layer = a_layer(levels=(None, 3))
    x = torch.tensor([[0.2, 0.0], [0.2, 1.0], [0.2, 2.0], [0.2, 3.0]], dtype=torch.float64)
    outputs = layer(x)
    table = layer.weights[layer.level_rows(1)]
    torch.testing.assert_close(outputs[:3] - outputs[3], table, rtol=0, atol=1e-14)


def test_layer_of_categories_alone_is_a_sum_of_table_rows() -> None:
    layer = a_layer(levels=(2, 3))
    x = torch.tensor([[1.0, 2.0], [0.0, 0.0]], dtype=torch.float64)
    tables = [layer.weights[layer.level_rows(i)] for i in range(2)]
    expected = torch.stack([tables[0][1] + tables[1][2], tables[0][0] + tables[1][0]])
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-14)


def test_masked_edge_adds_nothing_and_gets_no_gradient() -> None:
    layer = a_layer()
    layer.mask[1, 2] = 0.0
    x, other = uniform(20, 2), uniform(20, 2, seed=1)
    other[:, 0] = x[:, 0]
    difference = layer(x) - layer(other)
    assert (difference[:, 2] == 0).all()
    assert (difference[:, :2] != 0).all()
    layer(x).sum().backward()
    assert layer.weights.grad is not None
    assert (layer.weights.grad[layer.feature_sources == 1][:, 2] == 0).all()


@pytest.mark.parametrize("base", ["silu", "zero"])
def test_slopes_equal_autograd_inside_and_outside_the_grid(base: str) -> None:
    layer = a_layer(base)
    x = uniform(40, 2, reach=2.0).requires_grad_()
    delta = uniform(40, 3, seed=1)
    (expected,) = torch.autograd.grad((layer(x) * delta).sum(), x)
    found = layer.pull_back(delta, layer.design(x.detach(), slopes=True))
    torch.testing.assert_close(found.detach(), expected, rtol=1e-12, atol=1e-12)


def test_pull_back_of_no_rows_gives_no_rows() -> None:
    layer = a_layer()
    features = layer.design(torch.zeros(0, 2, dtype=torch.float64), slopes=True)
    assert layer.pull_back(torch.zeros(0, 3, dtype=torch.float64), features).shape == (0, 2)


def test_replaced_splines_leave_base_weights_and_levels() -> None:
    layer = a_layer(levels=(None, 3))
    base, table = layer.base_weights().clone(), layer.weights[layer.level_rows(1)].clone()
    layer.replace_splines(layer.knots * 2, torch.zeros(1, 7, 3, dtype=torch.float64))
    assert torch.equal(layer.base_weights(), base)
    assert torch.equal(layer.weights[layer.level_rows(1)], table)
    assert (layer.coefficients() == 0).all()
