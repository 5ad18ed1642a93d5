"""Levenberg-Marquardt with the sparsity penalty, by quadratic penalties that are made anew every few steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kan.config_sparsity import Sparsity
from kan.jacobian import parameter_vector, set_parameters
from kan.layer import KanLayer
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.protocol import Step
from kan.penalty import EdgeBlock, edge_blocks
from kan.sparsity import (
    FLOOR,
    EdgeSizes,
    LayerRows,
    edge_sizes,
    layer_rows,
    number_blocks,
    sparsity,
    sparsity_terms,
    target_spreads,
)

STEPS_BETWEEN = 4
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Bowl:
    """The penalty near some weights w0: its value and its gradient there, and a curvature.

    Attributes:
        at: (parameters,) w0.
        value: of the penalty at w0.
        gradient: (parameters,) of the penalty at w0.
        curvature: (parameters, parameters) of a quadratic function that is zero where the edges that the gradient
            makes smaller are.
    """

    at: Float[Tensor, " p"]
    value: float
    gradient: Float[Tensor, " p"]
    curvature: Float[Tensor, "p p"]

    def value_at(self, weights: Float[Tensor, " p"]) -> float:
        """Gives the value of the bowl at other weights."""
        apart = weights - self.at
        return self.value + float(apart @ self.gradient) + 0.5 * float(apart @ (self.curvature @ apart))


def sparsity_bowl(network: Kan, x: Tensor, targets: Tensor, factors: Sparsity) -> Bowl:
    """Gives the penalty near the network's weights.

    An edge of size s that the penalty makes smaller, by g for each unit, gets the parabola g s^2 / (2 s0); for one that
    it makes larger the gradient is all. What a layer's weights do to the spreads in the next one is left out.

    Args:
        x: training rows.
        targets: (outputs,) their standard deviations.

    Source: iteratively reweighted least squares, as in Daubechies and others, arXiv 0807.0575.
    """
    rows = layer_rows(network, x)
    weights = [layer.weights.detach().requires_grad_() for layer in network.kan_layers]
    sizes = edge_sizes(network, rows, weights, targets, FLOOR)
    total = sparsity_terms(network, sizes).total(factors)
    parts = [part for size in sizes for part in (size.spreads, size.coefficients, size.steps)]
    found = torch.autograd.grad(total, [*weights, *parts], materialize_grads=True)
    by_weights, by_parts = found[: len(weights)], found[len(weights) :]
    at = parameter_vector(network)
    gradient = torch.zeros_like(at)
    curvature = gradient.new_zeros(len(gradient), len(gradient))
    for depth, block in enumerate(edge_blocks(network)):
        layer, pulls = network.kan_layers[depth], by_parts[3 * depth : 3 * depth + 3]
        edges = by_weights[depth][: len(layer.numbers) * layer.per_number].view(-1, layer.per_number, layer.outputs)
        gradient[block.whole] = edges.movedim(1, 2)
        gradient[block.levels] = by_weights[depth][len(layer.numbers) * layer.per_number :]
        with torch.no_grad():
            _add_curvature(layer, rows[depth], sizes[depth], pulls, block, curvature)
    return Bowl(at, float(total.detach()), gradient, curvature)


def _add_curvature(
    layer: KanLayer, rows: LayerRows, size: EdgeSizes, pulls: Sequence[Tensor], block: EdgeBlock, curvature: Tensor
) -> None:
    """Adds the parabolas of one layer.

    Args:
        pulls: derivatives of the penalty by spreads, coefficients and steps.
    """
    # No parabola for what is pruned, or what the penalty makes larger.
    steep = torch.where(size.spreads > 0, pulls[0].clamp_min(0.0) / size.spreads.clamp_min(1e-12), 0.0)
    edges = steep[layer.numbers][..., None, None] * number_blocks(layer, rows).unsqueeze(1)
    n = layer.grid + layer.degree
    edges[..., :n, :n] += _coefficient_parabolas(layer, size, pulls)
    curvature[block.whole.unsqueeze(3), block.whole.unsqueeze(2)] = edges
    categories = [(source, levels) for source, levels in enumerate(layer.input_levels) if levels is not None]
    if categories:
        by_level = torch.cat([steep[source].expand(levels, -1) for source, levels in categories])
        curvature[block.levels, block.levels] = by_level * rows.levels.unsqueeze(1)


def _coefficient_parabolas(
    layer: KanLayer, size: EdgeSizes, pulls: Sequence[Tensor]
) -> Float[Tensor, "numbers outputs n n"]:
    """Gives the parabolas of the mean sizes of coefficients and of the steps between them."""
    mask = layer.mask[layer.numbers]
    coefficients = (layer.coefficients() * mask.unsqueeze(1)).movedim(1, 2)
    eye = torch.eye(coefficients.shape[2]).to(coefficients)
    result = torch.zeros_like(coefficients).unsqueeze(3) * eye
    for pull, operator in ((pulls[1], eye), (pulls[2], eye.diff(dim=0))):
        sizes = ((coefficients @ operator.T).square() + size.bends[:, None]).sqrt()
        steep = (pull * (mask != 0))[..., None] / (len(operator) * sizes)
        result += torch.einsum("ka,iok,kb->ioab", operator, steep, operator)
    return result


class SparseLevenbergMarquardt:
    """Levenberg-Marquardt on the loss and the sparsity penalty.

    The penalty is a bowl that touches it, made anew every few steps; made again at the same weights, it is the same to
    the bits.

    Args:
        network: changed in place.
        loss, x, y, penalty: as for Levenberg-Marquardt; `penalty` is that of smoothness.
        factors: of the sparsity penalty.
    """

    name = "lm"

    def __init__(
        self, network: Kan, loss: Loss, x: Tensor, y: Tensor, *, penalty: Float[Tensor, "p p"], factors: Sparsity
    ) -> None:
        self._network, self._x, self._penalty, self._factors = network, x, penalty, factors
        self._targets = target_spreads(loss, y, network.widths[-1])
        self._inner = LevenbergMarquardt(network, loss, x, y, penalty=penalty, tolerance=TOLERANCE)
        self._count, self._touched, self._value = 0, self._renewed(), self._measured()

    def step(self) -> Step:
        """Tries one step; it has converged where not even the first step on a new bowl gains anything."""
        is_first = self._count % STEPS_BETWEEN == 0
        if is_first:
            self._touched = self._renewed()
        step = self._inner.step()
        self._count = self._next_bowl() if step.converged else self._count + 1
        if step.moved:
            self._value = self._measured()
        return replace(step, converged=step.converged and is_first, penalty=self._value)

    def recover(self) -> None:
        """Goes on with a new bowl and a shorter step."""
        self._count = self._next_bowl()
        self._inner.recover()
        self._value = self._measured()

    def snapshot(self) -> dict[str, Tensor]:
        """Gives what the inner steps depend on, and where the bowl touches."""
        return {**self._inner.snapshot(), "touched": self._touched, "count": torch.tensor(self._count)}

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        set_parameters(self._network, snapshot["touched"])
        self._count, self._touched = int(snapshot["count"]), self._renewed()
        self._inner.restore(snapshot)
        self._value = self._measured()

    def _next_bowl(self) -> int:
        """Gives the next count at which the bowl is made anew."""
        return (self._count // STEPS_BETWEEN + 1) * STEPS_BETWEEN

    def _measured(self) -> float:
        """Gives the penalty itself: the bowl promises more than it keeps."""
        return float(sparsity(self._network, self._x, self._targets).total(self._factors))

    def _renewed(self) -> Tensor:
        """Makes the bowl anew; gives the weights at which it touches."""
        bowl = sparsity_bowl(self._network, self._x, self._targets, self._factors)
        pull = bowl.curvature @ bowl.at - bowl.gradient
        constant = bowl.value_at(torch.zeros_like(bowl.at))
        # In place: the matrix is the largest thing there is.
        self._inner.put_penalty(bowl.curvature.add_(self._penalty), pull, constant)
        return bowl.at
