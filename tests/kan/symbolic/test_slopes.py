"""Slopes of expressions beside finite differences, on numpy arrays and torch tensors."""

import numpy as np
import pytest
import torch

from kan.kernels.torch.functions import FUNCTIONS as TORCH_FUNCTIONS
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.grammar import parse
from kan.symbolic.slopes import value_and_slope

X = np.linspace(0.2, 0.9, 31)


@pytest.mark.parametrize(
    "text",
    [
        "x*exp(-2*x)",
        "1/(x**2 + 1) - x",
        "sin(3*x)/x",
        "2**x + x**2.5",
        "x**x",
        "-x**3*log(x)",
        "sqrt(1 - x) + arctan(x)*gaussian(x)",
        "3 - x",
        "sigmoid(x)**-2",
        "j0(4*x)*abs(x - 0.5)",
    ],
)
def test_value_and_slope_agree_with_the_grammar_and_with_finite_differences(text: str) -> None:
    expression = parse(text)
    value, slope = value_and_slope(expression.root, X, FUNCTIONS)
    np.testing.assert_allclose(value, expression.evaluate({"x": X}), rtol=1e-13, atol=1e-14)
    step = 1e-6
    above, below = (expression.evaluate({"x": X + way * step}) for way in (1, -1))
    # Where abs bends there is no slope; rounding over the step leaves 1e-9.
    smooth = np.abs(X - 0.5) > 2 * step
    np.testing.assert_allclose(
        np.broadcast_to(slope, X.shape)[smooth], ((above - below) / (2 * step))[smooth], atol=1e-7
    )
    tensor = torch.from_numpy(X)
    value_there, slope_there = value_and_slope(expression.root, tensor, TORCH_FUNCTIONS)
    np.testing.assert_allclose(value_there.numpy(), value, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(slope_there.numpy(), np.broadcast_to(slope, X.shape), rtol=1e-12, atol=1e-13)


def test_a_number_has_no_slope() -> None:
    assert value_and_slope(parse("2.5").root, X, FUNCTIONS) == (2.5, None)
