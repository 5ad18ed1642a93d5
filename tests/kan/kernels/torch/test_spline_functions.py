"""Derivatives by hand against finite differences, and what is kept for them."""

import pytest
import torch

from kan.kernels.torch.local_basis import local_basis
from kan.kernels.torch.spline_functions import spline_functions
from kan.knots import uniform_knots
from tests.kan.training import uniform

KNOTS = torch.from_numpy(uniform_knots(-1.0, 1.0, 5, 3)).repeat(2, 1)


def test_values_are_those_of_the_basis() -> None:
    x = uniform(20, 2, reach=1.5)
    values, first = spline_functions(x, KNOTS, 3)
    expected, _, places = local_basis(x, KNOTS, 3)
    assert torch.equal(values, expected)
    assert torch.equal(first, places)


def test_derivatives_inside_and_outside_the_grid_are_finite_differences() -> None:
    x = uniform(20, 2, reach=1.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: spline_functions(x, KNOTS, 3)[0], x)


def test_what_is_kept_for_the_way_back_does_not_grow_with_the_grid() -> None:
    kept: list[int] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        knots = torch.from_numpy(uniform_knots(-1.0, 1.0, 500, 3)).repeat(2, 1)
        spline_functions(uniform(20, 2).requires_grad_(), knots, 3)
    assert kept == [20 * 2 * 4]


def test_second_derivative_is_refused() -> None:
    x = uniform(3, 2).requires_grad_()
    (slope,) = torch.autograd.grad(spline_functions(x, KNOTS, 3)[0].square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
