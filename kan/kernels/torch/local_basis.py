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
    lower = _support(inside, knots, first, degree, degree - 1)
    values = _raise(inside, knots, first, degree, lower, degree)
    slopes = _slopes(knots, first, degree, lower)
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


def _knot(knots: Tensor, first: Tensor, offset: int) -> Tensor:
    """Gives the knot `offset` places after each row's first one, SHAPE (rows, inputs)."""
    return torch.gather(knots, 1, (first + offset).T).T


def _support(x: Tensor, knots: Tensor, first: Tensor, degree: int, upto: int) -> Tensor:
    """Raises the basis from degree 0 to `upto`, SHAPE (rows, inputs, upto + 1)."""
    values = torch.ones_like(x).unsqueeze(-1)
    for order in range(1, upto + 1):
        values = _raise(x, knots, first, degree, values, order)
    return values


def _raise(x: Tensor, knots: Tensor, first: Tensor, degree: int, lower: Tensor, order: int) -> Tensor:
    """One step of the recurrence: the basis of degree `order` from that of `order - 1`."""
    columns, carried = [], torch.zeros_like(x)
    for j in range(order):
        left, right = _knot(knots, first, degree + j + 1 - order), _knot(knots, first, degree + j + 1)
        share = lower[..., j] / (right - left)
        columns.append(carried + (right - x) * share)
        carried = (x - left) * share
    return torch.stack([*columns, carried], dim=-1)


def _slopes(knots: Tensor, first: Tensor, degree: int, lower: Tensor) -> Tensor:
    """Derivatives of the basis from the one a degree lower: d B_j = k * (B_j-1 / span_j-1 - B_j / span_j)."""
    columns, carried = [], torch.zeros_like(lower[..., 0])
    for j in range(degree):
        span = _knot(knots, first, degree + j + 1) - _knot(knots, first, j + 1)
        share = degree * lower[..., j] / span
        columns.append(carried - share)
        carried = share
    return torch.stack([*columns, carried], dim=-1)
