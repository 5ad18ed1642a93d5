"""Levenberg-Marquardt for a network whose edges share one penalty, as every fit of a given shape takes it."""

import torch
from jaxtyping import Float
from torch import Tensor

from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.constrained import ConstrainedLevenbergMarquardt
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.penalty import constant_penalty, edge_blocks, penalty_matrix

TOLERANCE = 1e-9
RIDGE = 1e-12
# Over the number of rows: holds formulas of classes that can be told apart without error, which have no best constants.
CLASS_RIDGE = 0.3


def levenberg_marquardt(
    network: Kan, loss: Loss, x: Tensor, y: Tensor, *, curvature: float, slope: float
) -> LevenbergMarquardt:
    """Gives the optimizer of a network on some rows, which keeps the shapes that edges keep.

    Formulas of classes have a small penalty on their scales.

    Args:
        network: changed in place.
        loss, x, y: see `kan.optimizers.gauss_newton.quadratic_model`.
        curvature, slope: weights of the penalties of all splines, at least 0.
    """
    matrix = smoothness(network, curvature, slope)
    if loss.name != "mse":
        # Both, for a * (b * x + c) is as steep by the one as by the other.
        scales = torch.cat([block.constants[:, :2].flatten() for block in edge_blocks(network)])
        matrix[scales, scales] = CLASS_RIDGE / max(len(x), 1)
    if kept := network.constraints:
        return ConstrainedLevenbergMarquardt(network, loss, x, y, kept, penalty=matrix, tolerance=TOLERANCE)
    return LevenbergMarquardt(network, loss, x, y, penalty=matrix, tolerance=TOLERANCE)


def smoothness(network: Kan, curvature: float, slope: float) -> Float[Tensor, "p p"]:
    """Gives the penalty matrix of these weights with hardly any ridge: more would keep formulas from rounding."""
    return penalty_matrix(network, constant_penalty(network, curvature, slope), RIDGE)
