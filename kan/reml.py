"""How smooth each edge should be, estimated from the rows themselves (REML by generalised Fellner-Schall updates).

Every edge has its own weight of curvature; the edges that feed one node share the weight of slope, as in a ridge.
"""

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
        curvature=_update(penalty.curvature, *_evidence(second, spread, edges, scale)),
        # How strongly inputs that say nearly the same are pulled to zero shall not hang on the draw of the rows.
        slope=_update(penalty.slope, *(part.sum(0) for part in _evidence(first, spread, edges, scale))),
        levels=_update_levels(penalty.levels, inverse, block.levels, weights, scale),
    )


def _evidence(matrix: Tensor, spread: Tensor, edges: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Gives for every edge how rough it may be by chance, and how rough it is."""
    may_be = scale * (spread * matrix).sum((-1, -2))
    return may_be, torch.einsum("iom,mk,iok->io", edges, matrix, edges)


def _update(current: Tensor, may_be: Tensor, is_so: Tensor) -> Tensor:
    """One Fellner-Schall update of one kind of penalty: of each edge, or of all that share the sums."""
    change = may_be.clamp_min(1e-30) / (is_so + 1e-30)
    return (current * change.clamp(1 / LARGEST_CHANGE, LARGEST_CHANGE)).clamp(SMALLEST, LARGEST)


def _update_levels(current: Tensor, inverse: Tensor, index: Tensor, weights: Tensor, scale: float) -> Tensor:
    if not index.numel():
        return current
    return _update(current, scale * (1 / current - inverse[index, index]).sum(0), weights[index].square().sum(0))
