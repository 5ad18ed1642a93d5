"""The loss of a network as a function of its trainable numbers: what an optimizer asks again and again."""

from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from kan.cost import rows_per_block, rows_per_jacobian
from kan.jacobian import set_parameters
from kan.kernels.cpu.cpu_network import CpuNetwork
from kan.kernels.cpu.losses import LOGISTIC, SOFTMAX, SQUARED
from kan.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from kan.network import Kan
from kan.optimizers.blocks import Blocks
from kan.optimizers.gauss_newton import (
    QuadraticModel,
    RowModel,
    mean_loss,
    mean_loss_gradient,
    quadratic_model,
    row_model,
)
from kan.optimizers.output_blocks import OutputBlocks, has_output_blocks
from kan.state import NetworkState
from kan.written_edges import has_written

# Lengths of a grid that it may be away from zero in float32, which keeps 24 bits.
FARTHEST_GRID = 8.0
# Sides of the squares by which a triangle is copied to the other.
SQUARE = 64
COMPILED_LOSSES: dict[type[Loss], int] = {SquaredError: SQUARED, BinaryCrossEntropy: LOGISTIC, CrossEntropy: SOFTMAX}


class Objective(Protocol):
    """Mean loss over fixed rows, its gradient and quadratic model, at any vector of trainable numbers."""

    def mean_loss(self, weights: Float[Tensor, " p"]) -> float:
        """Gives the mean loss."""
        ...

    def gradient(
        self, weights: Float[Tensor, " p"], rows: Int[Tensor, " batch"] | None = None
    ) -> tuple[float, Float[Tensor, " p"]]:
        """Gives the mean loss over a batch of the rows (None: all of them) and its gradient."""
        ...

    def model(self, weights: Float[Tensor, " p"]) -> QuadraticModel:
        """Gives the Gauss-Newton model."""
        ...

    def row_model(self, weights: Float[Tensor, " p"]) -> RowModel:
        """Gives the Gauss-Newton model by the rows of its Jacobian."""
        ...


def objective(
    network: Kan, loss: Loss, x: Tensor, y: Tensor, *, arithmetic: type[np.floating] = np.float64
) -> Objective:
    """Gives the loss of the network on rows: of float64 rows on the CPU by the compiled kernels, else by torch.

    Args:
        network: its knots and mask must stay as they are.
        x: (rows, inputs).
        y: as for `quadratic_model`.
        arithmetic: of the compiled kernels; weights and gradients are float64 all the same.
    """
    is_compiled = x.device.type == "cpu" and x.dtype == torch.float64
    # The kernels know the functions of the library only, not those that people wrote.
    if is_compiled and not has_written(network.state()):
        return CompiledObjective(network, loss, x, y, arithmetic=arithmetic)
    return TorchObjective(network, loss, x, y)


class TorchObjective:
    """On any device, in blocks that fit its memory; evaluating it sets the network's numbers."""

    def __init__(self, network: Kan, loss: Loss, x: Tensor, y: Tensor) -> None:
        self._network, self._rows = network, (network, loss, x, y)
        self._blocks = Blocks(x.device)

    def mean_loss(self, weights: Float[Tensor, " p"]) -> float:
        """Gives the mean loss."""
        set_parameters(self._network, weights)
        return self._blocks.run(partial(mean_loss, *self._rows))

    def gradient(
        self, weights: Float[Tensor, " p"], rows: Int[Tensor, " batch"] | None = None
    ) -> tuple[float, Float[Tensor, " p"]]:
        """Gives the mean loss over a batch of the rows and its gradient."""
        set_parameters(self._network, weights)
        network, loss, x, y = self._rows
        batch = (x, y) if rows is None else (x[rows], y[rows])
        return self._blocks.run(partial(mean_loss_gradient, network, loss, *batch))

    def model(self, weights: Float[Tensor, " p"]) -> QuadraticModel:
        """Gives the Gauss-Newton model."""
        set_parameters(self._network, weights)
        return self._blocks.run(partial(quadratic_model, *self._rows))

    def row_model(self, weights: Float[Tensor, " p"]) -> RowModel:
        """Gives the Gauss-Newton model by the rows of its Jacobian."""
        set_parameters(self._network, weights)
        return row_model(*self._rows)


class CompiledObjective:
    """By the compiled kernels; leaves the network as it is."""

    def __init__(
        self, network: Kan, loss: Loss, x: Tensor, y: Tensor, *, arithmetic: type[np.floating] = np.float64
    ) -> None:
        self._network = CpuNetwork(_without_unseen(network.state()), arithmetic)
        self._loss, self._x, self._y = loss, x.detach().numpy(), y
        self._blocks = OutputBlocks(network, loss, x, y) if has_output_blocks(network) else None

    def mean_loss(self, weights: Float[Tensor, " p"]) -> float:
        """Gives the mean loss."""
        self._network.set_parameters(weights.numpy())
        size, total = rows_per_block(self._network.outputs), 0.0
        for start in range(0, len(self._x), size):
            rows = slice(start, start + size)
            outputs = torch.from_numpy(self._network.evaluate(self._x[rows]))
            total += float(self._loss.rows(outputs, self._y[rows]).sum())
        return total / max(len(self._x), 1)

    def gradient(
        self, weights: Float[Tensor, " p"], rows: Int[Tensor, " batch"] | None = None
    ) -> tuple[float, Float[Tensor, " p"]]:
        """Gives the mean loss over a batch of the rows and its gradient."""
        self._network.set_parameters(weights.numpy())
        x, y = (self._x, self._y) if rows is None else (self._x[rows.numpy()], self._y[rows])
        loss, gradient = self._network.loss_gradient(COMPILED_LOSSES[type(self._loss)], x, y.numpy())
        return loss, torch.from_numpy(gradient).double()

    def model(self, weights: Float[Tensor, " p"]) -> QuadraticModel:
        """Gives the Gauss-Newton model."""
        if self._blocks is not None:
            return self._blocks.model(weights)
        self._network.set_parameters(weights.numpy())
        count = self._network.parameters
        matrix, descent, total = np.zeros((count, count)), np.zeros(count), 0.0
        size = rows_per_block(self._network.outputs) if self._network.is_sparse else rows_per_jacobian(count)
        for start in range(0, len(self._x), size):
            total += self._add_block(slice(start, start + size), matrix, descent)
        rows = len(self._x)
        _mirror(matrix)
        return QuadraticModel(total / rows, torch.from_numpy(descent) / rows, torch.from_numpy(matrix).div_(rows))

    def row_model(self, weights: Float[Tensor, " p"]) -> RowModel:
        """Gives the Gauss-Newton model by the rows of its Jacobian."""
        self._network.set_parameters(weights.numpy())
        outputs = torch.from_numpy(self._network.evaluate(self._x))
        seeds = self._loss.seeds(outputs)
        rows = np.concatenate([self._network.jacobian(self._x[kept.numpy()], delta.numpy()) for kept, delta in seeds])
        descent = self._network.gradient(self._x, self._loss.descent(outputs, self._y).numpy())
        count = len(self._x)
        rows /= count**0.5
        mean = float(self._loss.rows(outputs, self._y).mean())
        return RowModel(mean, torch.from_numpy(descent) / count, torch.from_numpy(rows))

    def _add_block(self, rows: slice, matrix: np.ndarray, descent: np.ndarray) -> float:
        x, y = self._x[rows], self._y[rows]
        outputs = torch.from_numpy(self._network.evaluate(x))
        for kept, delta in self._loss.seeds(outputs):
            chosen = x if len(kept) == len(x) else x[kept.numpy()]
            matrix += self._network.normal_matrix(chosen, delta.numpy())
        descent += self._network.gradient(x, self._loss.descent(outputs, y).numpy())
        return float(self._loss.rows(outputs, y).sum())


def _mirror(matrix: np.ndarray) -> None:
    """Copies the upper triangle to the lower one, in squares that a cache holds: seven times faster for 900 columns."""
    for start in range(0, len(matrix), SQUARE):
        rows = slice(start, start + SQUARE)
        matrix[rows, :start] = matrix[:start, rows].T
        matrix[rows, rows] = np.triu(matrix[rows, rows]) + np.triu(matrix[rows, rows], 1).T


def coarsest_arithmetic(network: Kan) -> type[np.floating]:
    """Gives the arithmetic in which a first-order optimizer reaches what it reaches in float64.

    float32, where Adam's losses after thousands of steps agreed to four digits down to 2e-4 of the target's spread; but
    not where a grid is far from zero for its length, so that float32 would cut off what its inputs differ in.
    """
    for layer in network.kan_layers:
        low, high = layer.knots[:, 0], layer.knots[:, -1]
        if bool((torch.maximum(low.abs(), high.abs()) > FARTHEST_GRID * (high - low)).any()):
            return np.float64
    return np.float32


def _without_unseen(state: NetworkState) -> NetworkState:
    """Gives the network with zeros for levels never seen: the mean of the others, once frozen, would lag behind."""
    layers = []
    for layer in state.layers:
        tables = tuple(replace(t, values=np.vstack([t.values[:-1], 0 * t.values[-1:]])) for t in layer.levels)
        layers.append(replace(layer, levels=tables))
    return replace(state, layers=tuple(layers))
