"""Smoothness of every edge as a quadratic penalty: curvature, slope, and very little more where rows are missing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kan.layer import KanLayer
from kan.network import Kan

RIDGE = 1e-7
# Where no training row lies, an edge goes on as the parabola that fits what is next to it; elsewhere this is nothing.
LEAST_JERK = 1e-16


@dataclass
class LayerPenalty:
    """Weights of the penalties of one layer.

    Attributes:
        curvature, slope: (numbers, outputs) weights of the second and first differences of each edge's coefficients.
        levels: (outputs,) weights of the squares of the values of category edges.
    """

    curvature: Tensor
    slope: Tensor
    levels: Tensor


@dataclass(frozen=True)
class EdgeBlock:
    """Where the coefficients of one layer's edges stand in the parameter vector.

    Attributes:
        edges: (numbers, outputs, size) indices of spline coefficients.
        levels: (levels, outputs) indices of category values.
        base: (numbers, outputs) indices of the base weights, empty without a base branch.
        constants: (n, 4) indices of the formulas' constants. They have no penalty: it would keep them from rounding.
    """

    edges: Tensor
    levels: Tensor
    base: Tensor
    constants: Tensor

    @property
    def whole(self) -> Int[Tensor, "numbers outputs features"]:
        """The indices of an edge's coefficients and of its base weight, where it has one."""
        has_base = int(self.base.numel() > 0)
        return torch.cat([self.edges, self.base.view(*self.edges.shape[:2], has_base)], dim=2)


def constant_penalty(network: Kan, curvature: float, slope: float = 0.0) -> list[LayerPenalty]:
    """Gives every edge the same weights."""
    return [
        LayerPenalty(
            layer.knots.new_full((len(layer.numbers), layer.outputs), curvature),
            layer.knots.new_full((len(layer.numbers), layer.outputs), slope),
            layer.knots.new_full((layer.outputs,), max(slope, 1e-6)),
        )
        for layer in network.kan_layers
    ]


def edge_blocks(network: Kan) -> Iterator[EdgeBlock]:
    """Yields the parameter indices of every layer's edges."""
    start = 0
    for layer in network.kan_layers:
        index = start + torch.arange(layer.weights.numel(), device=layer.knots.device).view(layer.weights.shape)
        count = len(layer.numbers)
        blocks = index[: count * layer.per_number].view(count, layer.per_number, layer.outputs)
        size = layer.grid + layer.degree
        start += layer.weights.numel()
        n_formulas = 0 if layer.formulas is None else len(layer.formulas.functions)
        yield EdgeBlock(
            blocks[:, :size].movedim(1, 2),
            index[count * layer.per_number :],
            blocks[:, size:].flatten(0, 1),
            start + torch.arange(4 * n_formulas, device=layer.knots.device).view(n_formulas, 4),
        )
        start += 4 * n_formulas


def parameter_blocks(network: Kan) -> list[Int[Tensor, "count size"]]:
    """Gives the indices of every block of parameters outside of which the penalty matrix is zero."""
    blocks = []
    for block in edge_blocks(network):
        blocks += [block.whole.flatten(0, 1), block.levels.reshape(-1, 1), block.constants.reshape(-1, 1)]
    device = network.kan_layers[0].knots.device
    return [block.to(device) for block in blocks if block.numel()]


def difference_penalties(layer: KanLayer) -> tuple[Float[Tensor, "size size"], Float[Tensor, "size size"]]:
    """Gives the penalty matrices of second and first differences, scaled to integrals over a grid of length one.

    Source: Eilers and Marx, Flexible smoothing with B-splines and penalties, Statistical Science 11 (1996).
    """
    eye = torch.eye(layer.grid + layer.degree, dtype=torch.float64, device=layer.knots.device)
    first = torch.diff(eye, dim=0)
    second = torch.diff(eye, n=2, dim=0)
    return second.T @ second * layer.grid**3, first.T @ first * layer.grid


def jerk_penalty(layer: KanLayer) -> Float[Tensor, "size size"]:
    """Gives the penalty matrix of third differences, scaled as in `difference_penalties`."""
    eye = torch.eye(layer.grid + layer.degree, dtype=torch.float64, device=layer.knots.device)
    third = torch.diff(eye, n=3, dim=0)
    return third.T @ third * layer.grid**5


def edge_penalty(layer: KanLayer, penalty: LayerPenalty, ridge: float) -> Float[Tensor, "numbers outputs size size"]:
    """Gives the penalty matrix of every edge of a layer."""
    second, first = difference_penalties(layer)
    eye = torch.eye(len(first), dtype=torch.float64, device=first.device)
    least = LEAST_JERK * jerk_penalty(layer) + ridge * eye
    return penalty.curvature[..., None, None] * second + penalty.slope[..., None, None] * first + least


def penalty_matrix(network: Kan, penalties: list[LayerPenalty], ridge: float = RIDGE) -> Float[Tensor, "p p"]:
    """Gives R, so that the penalty is 0.5 * w' R w over all parameters w."""
    count = sum(numbers.numel() for layer in network.kan_layers for numbers in layer.trainables)
    matrix = network.kan_layers[0].knots.new_zeros(count, count)
    for layer, penalty, block in zip(network.kan_layers, penalties, edge_blocks(network), strict=True):
        matrix[block.edges[..., :, None], block.edges[..., None, :]] = edge_penalty(layer, penalty, ridge)
        matrix[block.levels, block.levels] = penalty.levels.expand(block.levels.shape) + ridge
        matrix[block.base, block.base] = ridge + penalty.slope.mean() if penalty.slope.numel() else ridge
    return matrix


def penalty_product(
    network: Kan, penalties: list[LayerPenalty], ridge: float = RIDGE
) -> Callable[[Float[Tensor, " p"]], Float[Tensor, " p"]]:
    """Gives w -> R w of `penalty_matrix` without the matrix, for networks too large for it."""
    blocks = list(edge_blocks(network))
    differences = [(*difference_penalties(layer), LEAST_JERK * jerk_penalty(layer)) for layer in network.kan_layers]

    def product(weights: Tensor) -> Tensor:
        result = ridge * weights
        for (second, first, least), penalty, block in zip(differences, penalties, blocks, strict=True):
            edges = weights[block.edges]
            bent = penalty.curvature[..., None].to(edges) * (edges @ second.to(edges))
            result[block.edges] += bent + edges @ least.to(edges)
            result[block.edges] += penalty.slope[..., None].to(edges) * (edges @ first.to(edges))
            result[block.levels] += penalty.levels.to(edges) * weights[block.levels]
            result[block.constants] = 0.0
            if penalty.slope.numel():
                result[block.base] += penalty.slope.mean().to(edges) * weights[block.base]
        return result

    return product
