"""The Gauss-Newton matrix of one hidden layer and several outputs, output by output and node by node.

The seeds of K outputs ask for K Jacobians of all numbers; a pair of an output or a hidden node with another one asks
for rows * features^2. With ten classes that is several times faster.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from kan.cost import rows_per_block
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.gauss_newton import QuadraticModel

FEWEST_OUTPUTS = 3


def weighted_products(
    left: Float[Tensor, "rows m"], right: Float[Tensor, "rows n"], weights: Float[Tensor, "rows a b"]
) -> Float[Tensor, "m a n b"]:
    """Gives the sum over the rows of left[m] * weights[a, b] * right[n]."""
    products = left.new_zeros(left.shape[1], weights.shape[1], right.shape[1], weights.shape[2])
    size = rows_per_block(right.shape[1] * weights.shape[2])
    for some, others, weight in zip(left.split(size), right.split(size), weights.split(size), strict=True):
        for first in range(weights.shape[1]):
            scaled = (others.unsqueeze(2) * weight[:, first].unsqueeze(1)).flatten(1)
            products[:, first] += (some.T @ scaled).view(-1, *products.shape[2:])
    return products


def has_output_blocks(network: Kan) -> bool:
    """Says whether this way applies to the network and pays."""
    is_plain = not any(layer.products or layer.formulas for layer in network.kan_layers)
    return is_plain and len(network.kan_layers) == 2 and network.widths[-1] >= FEWEST_OUTPUTS


class OutputBlocks:
    """The quadratic model of a network [inputs, hidden, outputs] at any weights.

    Args:
        network: its knots and mask must stay as they are; its weights are not used.
        loss, x, y: as for `quadratic_model`.
    """

    def __init__(self, network: Kan, loss: Loss, x: Tensor, y: Tensor) -> None:
        self._first, self._last = network.kan_layers
        self._loss, self._x, self._y = loss, x, y
        self._masks = [layer.mask[layer.feature_sources] for layer in (self._first, self._last)]
        self._features: list[Tensor] | None = None

    def model(self, weights: Float[Tensor, " p"]) -> QuadraticModel:
        """Gives the mean loss and its Gauss-Newton model."""
        size = self._masks[0].numel()
        halves = weights[:size], weights[size:]
        first, last = (half.view_as(mask) * mask for half, mask in zip(halves, self._masks, strict=True))
        matrix, descent, total = weights.new_zeros(len(weights), len(weights)), torch.zeros_like(weights), 0.0
        for features, y in zip(self._first_features(), self._y.split(self._size), strict=True):
            total += self._add_block(features, y, first, last, matrix, descent)
        mask = torch.cat([mask.flatten() for mask in self._masks])
        matrix = matrix * mask * mask.unsqueeze(1)
        rows = len(self._x)
        return QuadraticModel(total / rows, descent * mask / rows, matrix / rows)

    @property
    def _size(self) -> int:
        return rows_per_block(max(self._first.features, self._last.features * self._last.outputs))

    def _first_features(self) -> list[Tensor]:
        """Gives the first layer's features block by block; they are the same at any weights."""
        if self._features is None:
            with torch.no_grad():
                self._features = [self._first.design(x).values for x in self._x.split(self._size)]
        return self._features

    def _add_block(
        self, features: Tensor, y: Tensor, first: Tensor, last: Tensor, matrix: Tensor, descent: Tensor
    ) -> float:
        """Adds some rows to the matrix and the descent direction; gives the sum of their losses."""
        with torch.no_grad():
            hidden = self._last.design(features @ first, slopes=True)
        assert hidden.slopes is not None
        outputs, size = hidden.values @ last, first.numel()
        # Of every row: how an output moves with a hidden node, and the loss's second derivatives by either.
        moves = torch.einsum("nam,amk->nak", hidden.slopes, last.view(*hidden.slopes.shape[1:], -1))
        by_outputs = self._loss.curvature(outputs)
        mixed = moves @ by_outputs
        by_nodes = mixed @ moves.transpose(1, 2)
        matrix[:size, :size] += weighted_products(features, features, by_nodes).view(size, size)
        cross = weighted_products(features, hidden.values, mixed).view(size, -1)
        matrix[:size, size:] += cross
        matrix[size:, :size] += cross.T
        matrix[size:, size:] += weighted_products(hidden.values, hidden.values, by_outputs).view(last.numel(), -1)
        pull = self._loss.descent(outputs, y)
        descent[:size] += (features.T @ (moves @ pull.unsqueeze(2)).squeeze(2)).flatten()
        descent[size:] += (hidden.values.T @ pull).flatten()
        return float(self._loss.rows(outputs, y).sum())
