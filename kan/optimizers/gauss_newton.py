"""The quadratic model of the loss around the network as it is: mean loss, gradient, Gauss-Newton matrix."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kan.cost import rows_per_block, rows_per_jacobian
from kan.jacobian import Trace, jacobian, parameter_count, parameter_vector, trace, trainables
from kan.losses import Loss
from kan.network import Kan


@dataclass(frozen=True)
class QuadraticModel:
    """Mean loss, descent direction g = -gradient and matrix A = J'J / rows, without penalty."""

    loss: float
    descent: Float[Tensor, " p"]
    matrix: Float[Tensor, "p p"]

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return math.isfinite(self.loss) and all(bool(torch.isfinite(v).all()) for v in (self.descent, self.matrix))


@dataclass(frozen=True)
class RowModel:
    """The same with the matrix as its root: A = rows' rows, for fewer rows than parameters."""

    loss: float
    descent: Float[Tensor, " p"]
    rows: Float[Tensor, "m p"]

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return math.isfinite(self.loss) and all(bool(torch.isfinite(v).all()) for v in (self.descent, self.rows))


def row_model(network: Kan, loss: Loss, x: Tensor, y: Tensor) -> RowModel:
    """Gives the Gauss-Newton model by the rows of its Jacobian, all at once."""
    run = trace(network, x)
    parts = [jacobian(network, run.some(kept), delta) for kept, delta in loss.seeds(run.outputs)]
    descent = jacobian(network, run, loss.descent(run.outputs, y)).sum(0) / len(x)
    return RowModel(float(loss.rows(run.outputs, y).mean()), descent, torch.cat(parts) / len(x) ** 0.5)


def quadratic_model(network: Kan, loss: Loss, x: Tensor, y: Tensor, share: float = 1.0) -> QuadraticModel:
    """Gives the Gauss-Newton model, row block by row block.

    Args:
        x: (rows, inputs).
        y: (rows, outputs) for squared error, (rows,) class indices for cross-entropy.
        share: of the usual size of a block.

    Source: Nocedal and Wright, Numerical Optimization, section 10.3.
    """
    count = parameter_count(network)
    matrix, descent = x.new_zeros(count, count), x.new_zeros(count)
    total = 0.0
    for rows in torch.arange(len(x), device=x.device).split(rows_per_jacobian(count, share)):
        run = trace(network, x[rows])
        total += float(loss.rows(run.outputs, y[rows]).sum())
        _add_block(network, loss, run, y[rows], matrix, descent)
    return QuadraticModel(total / len(x), descent / len(x), matrix / len(x))


def _add_block(network: Kan, loss: Loss, run: Trace, y: Tensor, matrix: Tensor, descent: Tensor) -> None:
    pull = loss.descent(run.outputs, y)
    # The one seed of a single squared error is 1, so that its Jacobian serves the gradient too.
    single = run.outputs.shape[1] == 1 and loss.name == "mse"
    for kept, delta in loss.seeds(run.outputs):
        rows = jacobian(network, run.some(kept), delta)
        matrix.addmm_(rows.T, rows)
        if single:
            descent.add_(rows.T @ pull[:, 0])
    if not single:
        descent.add_(jacobian(network, run, pull).sum(0))


def mean_loss(network: Kan, loss: Loss, x: Tensor, y: Tensor, share: float = 1.0) -> float:
    """Gives the mean loss over the rows, block by block."""
    size = _block_size(network, share)
    with torch.no_grad():
        parts = [float(loss.rows(network(a), b).sum()) for a, b in zip(x.split(size), y.split(size), strict=True)]
    return sum(parts) / max(len(x), 1)


def mean_loss_gradient(
    network: Kan, loss: Loss, x: Tensor, y: Tensor, share: float = 1.0
) -> tuple[float, Float[Tensor, " p"]]:
    """Gives the mean loss over the rows and its gradient by all weights, block by block.

    Args:
        x: (rows, inputs).
        y: as for `quadratic_model`.
        share: of the usual size of a block.
    """
    weights = trainables(network)
    size = rows_per_block(sum(layer.features for layer in network.kan_layers), share)
    total, gradient = 0.0, torch.zeros_like(parameter_vector(network))
    for a, b in zip(x.split(size), y.split(size), strict=True):
        value = loss.rows(network(a), b).sum()
        total += float(value.detach())
        gradient += torch.cat([part.flatten() for part in torch.autograd.grad(value, weights)])
    return total / len(x), gradient / len(x)


def network_outputs(network: Kan, x: Tensor) -> Tensor:
    """Gives the outputs without a gradient, block by block, SHAPE (rows, outputs)."""
    # In one place from the start: many small blocks between their features would leave the memory in pieces.
    outputs = x.new_empty(len(x), network.widths[-1])
    size = _block_size(network)
    with torch.no_grad():
        for place, block in zip(outputs.split(size), x.split(size), strict=True):
            place.copy_(network(block))
    return outputs


def _block_size(network: Kan, share: float = 1.0) -> int:
    return rows_per_block(max(layer.features for layer in network.kan_layers), share)
