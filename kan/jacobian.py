"""Derivatives of the outputs by every trainable number at once, which Levenberg-Marquardt needs."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kan.features import Features
from kan.network import Kan


@dataclass(frozen=True)
class Trace:
    """One forward pass with what the way back needs.

    Attributes:
        features, sums: of every layer.
        outputs: (rows, outputs).
    """

    features: list[Features]
    sums: list[Float[Tensor, "rows sums"]]
    outputs: Float[Tensor, "rows outputs"]

    def some(self, kept: Int[Tensor, " kept"]) -> "Trace":
        """Gives the trace of some of the rows."""
        if len(kept) == len(self.outputs):
            return self
        return Trace(
            [features.some(kept) for features in self.features], [sums[kept] for sums in self.sums], self.outputs[kept]
        )


def trace(network: Kan, x: Float[Tensor, "rows inputs"]) -> Trace:
    """Runs the network forward and keeps each layer's features."""
    features, sums = [], []
    with torch.no_grad():
        for depth, layer in enumerate(network.kan_layers):
            features.append(layer.design(x, slopes=depth > 0))
            sums.append(layer.sums_of(features[-1]))
            x = layer.node_values(sums[-1])
    return Trace(features, sums, x)


def jacobian(network: Kan, run: Trace, delta: Float[Tensor, "rows outputs"]) -> Float[Tensor, "rows parameters"]:
    """Gives the derivative of `sum(delta * outputs)` of each row by all weights, SHAPE (rows, parameters).

    The parameters are the layers' weight matrices one after the other, rows first, each before the constants of its
    layer's formulas, as in `parameter_vector`.
    """
    blocks: list[Tensor] = []
    with torch.no_grad():
        for layer, features, sums in zip(network.kan_layers[::-1], run.features[::-1], run.sums[::-1], strict=True):
            delta = layer.pull_nodes(delta, sums)
            blocks.insert(0, layer.jacobian(delta, features))
            if features.slopes is not None:
                delta = layer.pull_back(delta, features)
    return torch.cat(blocks, dim=1)


def parameter_vector(network: Kan) -> Float[Tensor, " parameters"]:
    """Gives a copy of all trainable numbers, in the order of the Jacobian's columns."""
    return torch.cat([numbers.detach().flatten() for numbers in trainables(network)])


def set_parameters(network: Kan, vector: Float[Tensor, " parameters"]) -> None:
    """Writes all trainable numbers from one vector."""
    start = 0
    with torch.no_grad():
        for numbers in trainables(network):
            numbers.copy_(vector[start : start + numbers.numel()].view_as(numbers))
            start += numbers.numel()


def trainables(network: Kan) -> list[nn.Parameter]:
    """Gives what a parameter vector is made of, in its order."""
    return [numbers for layer in network.kan_layers for numbers in layer.trainables]


def parameter_count(network: Kan) -> int:
    """Gives the number of trainable numbers."""
    return sum(numbers.numel() for numbers in trainables(network))
