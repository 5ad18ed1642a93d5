"""How smooth each edge should be, estimated from the rows themselves (REML by generalised Fellner-Schall updates)."""

import torch
from torch import Tensor

from kan.jacobian import parameter_vector
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.gauss_newton import QuadraticModel
from kan.penalty import RIDGE, EdgeBlock, LayerPenalty, difference_penalties, edge_blocks, edge_penalty, penalty_matrix

SMALLEST, LARGEST = 1e-9, 1e3
LARGEST_CHANGE = 10.0


def update_penalties(
    network: Kan, penalties: list[LayerPenalty], model: QuadraticModel, loss: Loss, rows: int
) -> list[LayerPenalty]:
    """Gives penalties that make the fitted edges likelier.

    Args:
        model: Gauss-Newton model at the fitted weights.
        rows: number of rows behind it.

    Source: Wood and Fasiolo, A generalized Fellner-Schall method for smoothing parameter optimization,
    Biometrics 73 (2017), equation 3.
    """
    inverse, noise = _posterior(network, penalties, model, loss, rows)
    weights = parameter_vector(network)
    return [
        _update_layer(layer_penalty, network, depth, block, inverse, weights, noise / rows)
        for depth, (layer_penalty, block) in enumerate(zip(penalties, edge_blocks(network), strict=True))
    ]


def _posterior(
    network: Kan, penalties: list[LayerPenalty], model: QuadraticModel, loss: Loss, rows: int
) -> tuple[Tensor, float]:
    """Gives the inverse of A + R and the noise variance (1 for a likelihood)."""
    system = model.matrix + penalty_matrix(network, penalties)
    system.diagonal().add_(1e-12 * system.diagonal().mean())
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))
    freedom = float((inverse * model.matrix).sum())
    outputs = network.widths[-1]
    variance = 2 * model.loss * rows / max(outputs * rows - freedom, 0.05 * outputs * rows)
    return inverse, variance if loss.name == "mse" else 1.0


def _update_layer(
    penalty: LayerPenalty, network: Kan, depth: int, block: EdgeBlock, inverse: Tensor, weights: Tensor, scale: float
) -> LayerPenalty:
    layer = network.kan_layers[depth]
    prior = torch.linalg.inv(edge_penalty(layer, penalty, RIDGE))
    posterior = inverse[block.edges[..., :, None], block.edges[..., None, :]]
    second, first = difference_penalties(layer)
    edges = weights[block.edges]
    spread = prior - posterior
    return LayerPenalty(
        curvature=_update(penalty.curvature, second, spread, edges, scale),
        slope=_update(penalty.slope, first, spread, edges, scale),
        levels=_update_levels(penalty.levels, inverse, block.levels, weights, scale),
    )


def _update(current: Tensor, matrix: Tensor, spread: Tensor, edges: Tensor, scale: float) -> Tensor:
    """One Fellner-Schall update of one kind of penalty for all edges of a layer."""
    numerator = scale * (spread * matrix).sum((-1, -2)).clamp_min(1e-30)
    denominator = torch.einsum("iom,mk,iok->io", edges, matrix, edges) + 1e-30
    return (current * (numerator / denominator).clamp(1 / LARGEST_CHANGE, LARGEST_CHANGE)).clamp(SMALLEST, LARGEST)


def _update_levels(current: Tensor, inverse: Tensor, index: Tensor, weights: Tensor, scale: float) -> Tensor:
    if not index.numel():
        return current
    numerator = scale * (1 / current - inverse[index, index]).sum(0).clamp_min(1e-30)
    denominator = weights[index].square().sum(0) + 1e-30
    return (current * (numerator / denominator).clamp(1 / LARGEST_CHANGE, LARGEST_CHANGE)).clamp(SMALLEST, LARGEST)
