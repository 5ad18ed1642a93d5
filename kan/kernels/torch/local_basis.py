"""The B-spline basis in torch by local support: degree + 1 values a row, on any device."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def local_basis(
    x: Float[Tensor, "rows inputs"], knots: Float[Tensor, "inputs knots"], degree: int
) -> tuple[Float[Tensor, "rows inputs support"], Float[Tensor, "rows inputs support"], Int[Tensor, "rows inputs"]]:
    """Gives the non-zero basis values, their derivatives and where they start.

    Outside [low, high], the ends of the grid, the basis goes on linearly, with value and slope of the end interval,
    so that every spline does.

    Args:
        x: values that reach the layer, SHAPE (rows, inputs).
        knots: extended knots, SHAPE (inputs, grid + 2 * degree + 1).
        degree: spline degree (the paper's k).

    Returns:
        values and derivatives, SHAPE (rows, inputs, degree + 1), and the first coefficient's index, (rows, inputs).

    Source: de Boor, A Practical Guide to Splines, chapter X (recurrence over the support only).
    """
    low, high = knots[:, degree], knots[:, -degree - 1]
    inside = torch.minimum(torch.maximum(x, low), high)
    first = _interval(inside, knots, degree)
    around = _knots_around(knots, first, degree)
    lower = torch.ones_like(inside).unsqueeze(-1)
    for order in range(1, degree):
        lower = _raise(inside, around, degree, lower, order)
    values = _raise(inside, around, degree, lower, degree)
    slopes = _slopes(around, degree, lower)
    beyond = (x - inside).unsqueeze(-1)
    return values + beyond * slopes, slopes, first


def dense(
    local: Float[Tensor, "rows inputs support"], first: Int[Tensor, "rows inputs"], size: int
) -> Float[Tensor, "rows inputs size"]:
    """Scatters local values into rows of the whole basis, SHAPE (rows, inputs, size)."""
    index = first.unsqueeze(-1) + torch.arange(local.shape[-1], device=local.device)
    return local.new_zeros(*first.shape, size).scatter_(-1, index, local)


def _interval(
    x: Float[Tensor, "rows inputs"], knots: Float[Tensor, "inputs knots"], degree: int
) -> Int[Tensor, "rows inputs"]:
    """Finds the grid interval of each value; the last interval is closed."""
    interior = knots[:, degree + 1 : -degree - 1].contiguous()
    return torch.searchsorted(interior, x.T.contiguous(), right=True).T


def _knots_around(knots: Tensor, first: Tensor, degree: int) -> Tensor:
    """Gives the knots that the basis at each value depends on, SHAPE (2 * degree, rows, inputs)."""
    inputs = torch.arange(len(knots), device=knots.device)
    return knots.unfold(1, 2 * degree, 1)[inputs, first + 1].movedim(-1, 0).contiguous()


def _raise(x: Tensor, around: Tensor, degree: int, lower: Tensor, order: int) -> Tensor:
    """One step of the recurrence: the basis of degree `order` from that of `order - 1`."""
    columns, carried = [], torch.zeros_like(x)
    for j in range(order):
        left, right = around[degree + j - order], around[degree + j]
        share = lower[..., j] / (right - left)
        columns.append(carried + (right - x) * share)
        carried = (x - left) * share
    return torch.stack([*columns, carried], dim=-1)


def _slopes(around: Tensor, degree: int, lower: Tensor) -> Tensor:
    """Derivatives of the basis from the one a degree lower: d B_j = k * (B_j-1 / span_j-1 - B_j / span_j)."""
    columns, carried = [], torch.zeros_like(lower[..., 0])
    for j in range(degree):
        share = degree * lower[..., j] / (around[degree + j] - around[j])
        columns.append(carried - share)
        carried = share
    return torch.stack([*columns, carried], dim=-1)
