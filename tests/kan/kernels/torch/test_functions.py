"""Functions on tensors against the library's on arrays, inside their domains and out of them."""

import numpy as np
import pytest
import torch

from kan.kernels.torch.functions import FUNCTIONS, function_slopes, function_values
from kan.symbolic import functions as library

X = np.concatenate([np.linspace(-3.0, 3.0, 61), [-1.0, 0.0, 1.0, 1e-3, 200.5, -7e3]])


def test_every_function_of_the_library_is_there_in_its_order() -> None:
    assert list(FUNCTIONS) == list(library.FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("part", ["value", "slope"])
def test_value_and_slope_are_those_of_the_library(name: str, part: str) -> None:
    with np.errstate(all="ignore"):
        expected = getattr(library.FUNCTIONS[name], part)(X)
    found = getattr(FUNCTIONS[name], part)(torch.from_numpy(X)).numpy()
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))
    inside = np.isfinite(expected)
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-12, atol=1e-13)


def test_columns_have_functions_of_their_own() -> None:
    x = torch.from_numpy(np.stack([X, X, X], axis=1)[:60]).requires_grad_()
    values = function_values(x, ("sin", "exp", "sin"))
    assert torch.equal(values, torch.stack([x[:, 0].sin(), x[:, 1].exp(), x[:, 2].sin()], dim=1))
    (slopes,) = torch.autograd.grad(values.sum(), x)
    assert torch.equal(slopes, function_slopes(x.detach(), ("sin", "exp", "sin")))
