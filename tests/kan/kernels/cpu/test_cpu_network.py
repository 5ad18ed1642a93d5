"""What the compiled kernels give beyond the contract of all kernels: bits, Jacobians, the loss, and numbers far out."""

import numpy as np
import pytest

from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.kernels.cpu.losses import SQUARED
from tests.kan.kernels.cpu.cases import EVERY, NETWORKS, rows, seeds
from tests.kan.networks import random_network


@EVERY
def test_row_alone_gives_the_same_bits_as_among_many(name: str) -> None:
    state = NETWORKS[name]()
    network, x = CpuNetwork(state), rows(state, 70)
    among = network.evaluate(x)
    assert all(np.array_equal(network.evaluate(x[n : n + 1])[0], among[n]) for n in range(len(x)))


@pytest.mark.parametrize("is_sparse", [False, True])
@EVERY
def test_jacobian_adds_up_to_the_gradient_and_to_the_normal_matrix(name: str, is_sparse: bool) -> None:
    state = NETWORKS[name]()
    network, x, pull = CpuNetwork(state, is_sparse=is_sparse), rows(state), seeds(state)
    jacobian = network.jacobian(x, pull)
    assert jacobian.shape == (len(x), network.parameters)
    np.testing.assert_allclose(jacobian.sum(axis=0), network.gradient(x, pull), rtol=1e-9, atol=1e-9)
    scale = np.abs(jacobian.T @ jacobian).max()
    np.testing.assert_allclose(
        np.triu(network.normal_matrix(x, pull)), np.triu(jacobian.T @ jacobian), rtol=0, atol=1e-12 * scale
    )


@EVERY
def test_one_row_has_the_derivatives_it_has_among_many(name: str) -> None:
    state = NETWORKS[name]()
    network, x, pull = CpuNetwork(state), rows(state), seeds(state)
    jacobian = network.jacobian(x, pull)
    for n in (0, 40, 130):
        alone = network.gradient(x[n : n + 1], pull[n : n + 1])
        np.testing.assert_allclose(alone, jacobian[n], rtol=1e-12, atol=1e-12)


@EVERY
def test_squared_error_is_that_of_the_outputs(name: str) -> None:
    state = NETWORKS[name]()
    network, x = CpuNetwork(state), rows(state)
    y = np.random.default_rng(9).normal(size=(len(x), state.widths[-1]))
    error, gradient = network.loss_gradient(SQUARED, x, y)
    left = network.evaluate(x) - y
    assert error == pytest.approx(0.5 * float((left**2).sum(axis=1).mean()), rel=1e-12)
    np.testing.assert_allclose(gradient, network.gradient(x, left / len(x)), rtol=1e-9, atol=1e-12)


@EVERY
def test_float32_gradient_is_near_that_of_float64(name: str) -> None:
    state = NETWORKS[name]()
    x = np.random.default_rng(8).uniform(-0.9, 0.9, (131, state.widths[0])).astype(np.float32)
    x[:, [table.source for table in state.layers[0].levels]] = 1.0
    y = seeds(state)
    _, expected = CpuNetwork(state).loss_gradient(SQUARED, x, y)
    _, found = CpuNetwork(state, np.float32).loss_gradient(SQUARED, x, y)
    assert found.dtype == np.float32
    # A value on the other side of a knot of degree 1, or of an end where the spline falls to zero, changes one row.
    share = 0.05 if "zero outside" in name or "degree 1" in name else 1e-4
    np.testing.assert_allclose(found, expected, rtol=0, atol=share * np.abs(expected).max())


@EVERY
def test_the_same_call_gives_the_same_bits(name: str) -> None:
    state = NETWORKS[name]()
    x, pull = rows(state), seeds(state)
    calls = (CpuNetwork.gradient, CpuNetwork.jacobian, CpuNetwork.normal_matrix)
    for call in calls:
        first, second = (np.triu(call(CpuNetwork(state), x, pull)) for _ in range(2))
        assert np.array_equal(first, second)


def test_gradient_of_a_pruned_edge_is_zero() -> None:
    state = NETWORKS["pruned"]()
    layer = state.layers[0]
    network = CpuNetwork(state)
    features = layer.grid + layer.degree + 1
    by_edge = network.gradient(rows(state), seeds(state))[: 2 * features * 3].reshape(2, features, 3)
    assert not by_edge[0, :, 1].any()
    assert not by_edge[1, :, 2].any()
    assert by_edge[0, :, 0].any()


def test_numbers_that_are_not_finite_give_outputs_that_are_not() -> None:
    network = CpuNetwork(random_network(1, 2, 1))
    for number in (np.nan, np.inf, -np.inf):
        assert not np.isfinite(network.evaluate(np.array([[number]]))).any()
