"""The contract of kernels: each gives the outputs and gradients of the definition, for every network it can hold."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kan.jacobian import jacobian, trace, trainables
from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.kernels.torch import sparse_product
from kan.network import Kan
from kan.state import NetworkState
from tests.kan.kernels.cpu.cases import NETWORKS, rows, seeds
from tests.kan.kernels.cpu.definition import slow_outputs

Numbers = NDArray[np.floating]


class Kernel(Protocol):
    def vector(self) -> Numbers: ...
    def set_parameters(self, vector: Numbers) -> None: ...
    def evaluate(self, x: Numbers) -> Numbers: ...
    def gradient(self, x: Numbers, by_output: Numbers) -> Numbers: ...
    def input_gradient(self, x: Numbers, by_output: Numbers) -> Numbers: ...


class TorchKernel:
    """`Kan` as an autograd user meets it."""

    def __init__(self, state: NetworkState, dtype: type[np.floating]) -> None:
        self._dtype = torch.from_numpy(np.zeros(0, dtype)).dtype
        self._network = Kan.from_state(state).to(self._dtype)
        self._weights = trainables(self._network)

    def vector(self) -> Numbers:
        return torch.nn.utils.parameters_to_vector(self._weights).detach().numpy().copy()

    def set_parameters(self, vector: Numbers) -> None:
        torch.nn.utils.vector_to_parameters(torch.from_numpy(vector).to(self._dtype), self._weights)

    def evaluate(self, x: Numbers) -> Numbers:
        with torch.no_grad():
            found: Numbers = self._network(torch.from_numpy(x)).numpy()
        return found

    def gradient(self, x: Numbers, by_output: Numbers) -> Numbers:
        parts = torch.autograd.grad(self._network(torch.from_numpy(x)), self._weights, torch.from_numpy(by_output))
        return torch.cat([part.flatten() for part in parts]).numpy()

    def input_gradient(self, x: Numbers, by_output: Numbers) -> Numbers:
        inputs = torch.from_numpy(x).requires_grad_()
        (found,) = torch.autograd.grad(self._network(inputs), inputs, torch.from_numpy(by_output))
        return found.numpy()


KERNELS: dict[str, Callable[[NetworkState, type[np.floating]], Kernel]] = {
    "cpu": CpuNetwork,
    "torch, gathered": TorchKernel,
    "torch, dense": TorchKernel,
}
CASES = [(kernel, name) for kernel in KERNELS for name in NETWORKS if kernel == "cpu" or "zero outside" not in name]


@pytest.fixture
def make(kernel: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    """Gives the kernel's maker; of torch the asked way is taken whatever the sizes."""
    monkeypatch.setattr(sparse_product, "DENSE_SHARE", 0 if kernel == "torch, gathered" else 1e9)
    return lambda state, dtype=np.float64: KERNELS[kernel](state, dtype)


def network(name: str) -> NetworkState:
    """Gives a network whose unseen levels count nothing, as in `Kan.forward`."""
    state = NETWORKS[name]()
    tables = tuple(
        replace(table, values=np.vstack([table.values[:-1], 0 * table.values[-1:]])) for table in state.layers[0].levels
    )
    return replace(state, layers=(replace(state.layers[0], levels=tables), *state.layers[1:]))


def has_jumps(name: str) -> bool:
    """Whether slopes jump at knots, or values where the grid ends."""
    return "degree 1" in name or "zero outside" in name


@pytest.mark.parametrize(("kernel", "name"), CASES)
class TestKernel:
    def test_outputs_equal_the_definition(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        x = rows(state)
        np.testing.assert_allclose(make(state).evaluate(x), slow_outputs(state, x), rtol=1e-10, atol=1e-10)

    def test_float32_is_near_the_definition(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        x = rows(state).astype(np.float32)
        expected = slow_outputs(state, x.astype(np.float64))
        found = make(state, np.float32).evaluate(x)
        assert found.dtype == np.float32
        # A jump of a slope, or an end where it falls to zero, may lie on the other side of a rounded number.
        wrong = np.abs(found - expected) > 2e-3 * (1.0 + np.abs(expected))
        assert wrong.any(axis=1).mean() < 0.06

    def test_row_alone_is_answered_as_among_many(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        kernel, x = make(state), rows(state, 70)
        among = kernel.evaluate(x)
        alone = np.vstack([kernel.evaluate(x[n : n + 1]) for n in range(len(x))])
        # Products of matrices add in an order that depends on the number of rows.
        np.testing.assert_allclose(alone, among, rtol=1e-12, atol=1e-12)

    def test_gradient_by_parameters_is_the_slope_of_the_outputs(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        kernel, x, pull = make(state), rows(state), seeds(state)
        start = kernel.vector()
        way, step = np.random.default_rng(7).normal(size=len(start)), 1e-6

        def total(length: float) -> float:
            kernel.set_parameters(start + length * way)
            return float((pull * kernel.evaluate(x)).sum())

        slope = (total(step) - total(-step)) / (2 * step)
        kernel.set_parameters(start)
        found = float(kernel.gradient(x, pull) @ way)
        # Steps across a knot of degree 1, or out of a grid that ends in zero, are no slope: a little of the sum.
        assert found == pytest.approx(slope, rel=2e-3 if has_jumps(name) else 1e-5, abs=1e-4)

    def test_input_gradient_is_the_slope_of_the_outputs(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        kernel, pull = make(state), seeds(state, 64)
        x = np.random.default_rng(8).uniform(-1.4, 1.4, (64, state.widths[0]))
        levels = [table.source for table in state.layers[0].levels]
        x[:, levels] = 1.0
        found, step = kernel.input_gradient(x, pull), 1e-7
        for i in range(state.widths[0]):
            ahead, behind = x.copy(), x.copy()
            ahead[:, i] += 0.0 if i in levels else step
            behind[:, i] -= 0.0 if i in levels else step
            slope = (pull * (kernel.evaluate(ahead) - kernel.evaluate(behind))).sum(axis=1) / (2 * step)
            right = np.isclose(found[:, i], slope, rtol=1e-5, atol=1e-5)
            # A hidden value may lie on a knot where the slope jumps (degree 1) or the spline falls to zero.
            assert right.mean() > (0.9 if has_jumps(name) else 0.999)

    def test_the_same_call_gives_the_same_bits(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        x, pull = rows(state), seeds(state)
        first: list[Numbers] = [make(state).gradient(x, pull), make(state).input_gradient(x, pull)]
        second: list[Numbers] = [make(state).gradient(x, pull), make(state).input_gradient(x, pull)]
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    def test_no_rows_give_no_outputs(self, make: Callable[..., Kernel], name: str) -> None:
        state = network(name)
        assert make(state).evaluate(np.empty((0, state.widths[0]))).shape == (0, state.widths[-1])


@pytest.mark.parametrize("name", [name for name in NETWORKS if "zero outside" not in name])
def test_compiled_and_torch_jacobians_are_the_same(name: str) -> None:
    state = network(name)
    x, pull = rows(state), seeds(state)
    thawed = Kan.from_state(state)
    expected = jacobian(thawed, trace(thawed, torch.from_numpy(x)), torch.from_numpy(pull)).numpy()
    found = CpuNetwork(state)
    # A frozen edge has a weight of its own before its spline, which training multiplies in.
    np.testing.assert_allclose(found.vector(), TorchKernel(state, np.float64).vector() * found_kept(thawed), rtol=1e-15)
    np.testing.assert_allclose(found.jacobian(x, pull), expected, rtol=1e-9, atol=1e-9)


def found_kept(thawed: Kan) -> Numbers:
    """Gives 0 for the numbers of pruned edges, else 1."""
    parts = []
    for layer in thawed.kan_layers:
        parts.append(layer.mask[layer.feature_sources].flatten())
        parts += [torch.ones_like(layer.formulas.constants).flatten()] if layer.formulas else []
    kept: Numbers = torch.cat(parts).detach().numpy()
    return kept
