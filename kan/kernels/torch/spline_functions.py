"""The functions of a layer that are not zero at its inputs, with their derivatives by hand."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from kan.kernels.torch.local_basis import local_basis


def spline_functions(
    x: Float[Tensor, "rows inputs"], knots: Float[Tensor, "inputs knots"], degree: int
) -> tuple[Float[Tensor, "rows inputs support"], Int[Tensor, "rows inputs"]]:
    """Gives the values of `local_basis` and where they start; differentiable once in x, not in the knots.

    What it keeps for the way back are the slopes, rows * inputs * (degree + 1) numbers, whatever the grid.
    """
    values, first = _SplineFunctions.apply(x, knots, degree)  # type: ignore[no-untyped-call]
    return values, first


class _SplineFunctions(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, knots: Tensor, degree: int) -> tuple[Tensor, Tensor]:
        values, slopes, first = local_basis(x, knots, degree)
        ctx.save_for_backward(slopes)
        ctx.mark_non_differentiable(first)
        return values, first

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_value: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return (by_value * slopes).sum(-1), None, None
