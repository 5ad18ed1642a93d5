"""How widely a network spreads its work over its edges: numbers that a fit can make small, free of the target's unit.

The share of an edge is its standard deviation on the training rows, divided by that of its sum (of an output: of the
target), times the share that its sum has in the outputs. A network times 1000 has the same shares, and so has one with
a hidden node scaled up and its next edges compressed: mere scaling gains nothing, and edges that cancel cost more.

Source: the terms are those of pykan's fit, as documented; for shares instead of raw magnitudes see KAN 2.0
(arXiv 2408.10205) section 5.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kan.config_sparsity import Sparsity
from kan.cost import rows_per_block
from kan.layer import KanLayer
from kan.losses import Loss
from kan.network import Kan

# Below this share of its sum an edge has no kink at zero any more: what is left of it is far below any threshold.
FLOOR = 1e-3
# Inside logarithms, as pykan has it.
LOG_FLOOR = 1e-4
# Square of a standard deviation that is none.
_TINY = 1e-24


@dataclass(frozen=True)
class LayerRows:
    """What the rows make of a layer's features, whatever the weights of this layer.

    Attributes:
        covariance: (columns, columns) of the features and, behind them, the values of the edges that are formulas.
        levels: (levels,) share of the rows that have each level of each category.
    """

    covariance: Float[Tensor, "columns columns"]
    levels: Float[Tensor, " levels"]


@dataclass(frozen=True)
class EdgeSizes:
    """What the penalty sees of a layer.

    Attributes:
        spreads: (inputs, outputs) standard deviations; 0 for a pruned edge.
        coefficients, steps: (numbers, outputs) mean sizes of an edge's coefficients and of the steps between them.
        totals: (outputs,) standard deviations of the sums.
        bends: (outputs,) squares of the sizes below which they bend.
    """

    spreads: Tensor
    coefficients: Tensor
    steps: Tensor
    totals: Tensor
    bends: Tensor


@dataclass(frozen=True)
class SparsityTerms:
    """The four terms, each one number.

    Attributes:
        l1: sum of all shares.
        entropy: for every layer the mean over its inputs of -sum p log2 p with p = share / (sum of shares + 1), and the
            same over its sums.
        coefficients, steps: sums over the spline edges of the mean size of a coefficient and of a step, each divided
            by the spread of the edge's sum and weighed by its share in the outputs.
    """

    l1: Tensor
    entropy: Tensor
    coefficients: Tensor
    steps: Tensor

    def total(self, factors: Sparsity) -> Tensor:
        """Gives the penalty."""
        shares = factors.lamb_l1 * self.l1 + factors.lamb_entropy * self.entropy
        return factors.lamb * (shares + factors.lamb_coef * self.coefficients + factors.lamb_coefdiff * self.steps)


def layer_rows(network: Kan, x: Float[Tensor, "rows inputs"]) -> list[LayerRows]:
    """Gathers what the rows make of every layer's features, block by block."""
    result = []
    with torch.no_grad():
        for layer in network.kan_layers:
            blocks = x.split(rows_per_block(layer.features + layer.outputs))
            result.append(_layer_rows(layer, blocks))
            x = torch.cat([layer(block) for block in blocks])
    return result


def edge_sizes(
    network: Kan,
    rows: Sequence[LayerRows],
    weights: Sequence[Float[Tensor, "features outputs"]],
    targets: Float[Tensor, " outputs"],
    floor: float = 0.0,
) -> list[EdgeSizes]:
    """Gives what the penalty sees of every layer, differentiable by the weights.

    Args:
        weights: of every layer, instead of its own.
        targets: standard deviations of the targets. A product's factors have the spread that they have.
        floor: share of its sum below which an edge's size bends into a parabola.
    """
    sizes = []
    for layer, row, numbers in zip(network.kan_layers, rows, weights, strict=True):
        known = targets[: layer.plain] if layer is network.kan_layers[-1] else targets[:0]
        sizes.append(_edge_sizes(layer, row, numbers * layer.mask[layer.feature_sources], known, floor))
    return sizes


def sparsity_terms(network: Kan, sizes: Sequence[EdgeSizes]) -> SparsityTerms:
    """Gives the four terms of what `edge_sizes` found."""
    shares: list[Tensor] = []
    nodes = sizes[-1].totals.new_ones(network.widths[-1])
    coefficients, steps = nodes.new_zeros(()), nodes.new_zeros(())
    for layer, size in zip(network.kan_layers[::-1], sizes[::-1], strict=True):
        per_unit = nodes[_owners(layer)] / size.totals
        shares.insert(0, size.spreads * per_unit)
        coefficients, steps = coefficients + (size.coefficients * per_unit).sum(), steps + (size.steps * per_unit).sum()
        nodes = shares[0].sum(1)
    l1 = torch.stack([share.sum() for share in shares]).sum()
    return SparsityTerms(l1, torch.stack([_entropy(share) for share in shares]).sum(), coefficients, steps)


def sparsity(network: Kan, x: Float[Tensor, "rows inputs"], targets: Float[Tensor, " outputs"]) -> SparsityTerms:
    """Measures a network on rows whose targets have these standard deviations."""
    weights = [layer.weights.detach() for layer in network.kan_layers]
    return sparsity_terms(network, edge_sizes(network, layer_rows(network, x), weights, targets))


def target_spreads(loss: Loss, y: Tensor, outputs: int) -> Float[Tensor, " outputs"]:
    """Gives the standard deviation of every target; 1 for a target that does not vary, and for logits."""
    if loss.name != "mse":
        return torch.ones(outputs, dtype=torch.float64, device=y.device)
    spreads = y.std(0, correction=0)
    return torch.where(spreads > 0, spreads, 1.0)


def number_blocks(layer: KanLayer, rows: LayerRows) -> Float[Tensor, "numbers n n"]:
    """Gives the covariances among the features of each number input."""
    count, n = len(layer.numbers), layer.per_number
    whole = rows.covariance[: count * n, : count * n].view(count, n, count, n)
    return whole.diagonal(dim1=0, dim2=2).movedim(-1, 0)


def _layer_rows(layer: KanLayer, blocks: Sequence[Tensor]) -> LayerRows:
    """Gathers one layer's; columns are taken from their first row, so that a large mean costs no digits."""
    first = _columns(layer, blocks[0][:1])
    total, squares = torch.zeros_like(first[0]), first.new_zeros(first.shape[1], first.shape[1])
    for block in blocks:
        columns = _columns(layer, block) - first
        total += columns.sum(0)
        squares += columns.T @ columns
    count, start = sum(map(len, blocks)), layer.per_number * len(layer.numbers)
    mean = total / count
    return LayerRows(squares / count - torch.outer(mean, mean), (mean + first[0])[start : layer.features])


def _columns(layer: KanLayer, x: Tensor) -> Float[Tensor, "rows columns"]:
    features = layer.design(x)
    return features.values if features.formulas is None else torch.cat([features.values, features.formulas.values], 1)


def _edge_sizes(layer: KanLayer, rows: LayerRows, masked: Tensor, known: Tensor, floor: float) -> EdgeSizes:
    columns, live = masked, layer.mask != 0
    if layer.formulas is not None:
        columns = torch.cat([masked, torch.nn.functional.one_hot(layer.formulas.targets, layer.outputs).to(masked)])
        live = live.index_put((layer.formulas.sources, layer.formulas.targets), torch.ones_like(live[0, 0]))
    totals = ((columns * (rows.covariance @ columns)).sum(0).clamp_min(0.0) + _TINY).sqrt()
    totals = torch.cat([known, totals[len(known) :]])
    bend = (floor * totals).square().clamp_min(_TINY)
    spreads = (_variances(layer, rows, masked).clamp_min(0.0) + bend).sqrt() * live
    count = len(layer.numbers)
    edges = masked[: count * layer.per_number].view(count, layer.per_number, layer.outputs)
    edges = edges[:, : layer.grid + layer.degree]
    splines = layer.mask[layer.numbers] != 0
    coefficients, steps = ((part.square() + bend).sqrt().mean(1) * splines for part in (edges, edges.diff(dim=1)))
    return EdgeSizes(spreads, coefficients, steps, totals, bend)


def _variances(layer: KanLayer, rows: LayerRows, masked: Tensor) -> Float[Tensor, "inputs outputs"]:
    """Gives the variance of every edge."""
    count = len(layer.numbers)
    edges = masked[: count * layer.per_number].view(count, layer.per_number, layer.outputs)
    numbers = torch.einsum("iao,iab,ibo->io", edges, number_blocks(layer, rows), edges)
    found = dict(zip(layer.numbers, numbers, strict=True))
    for source, levels in enumerate(layer.input_levels):
        if levels is not None:
            at = layer.level_rows(source)
            found[source] = (masked[at] * (rows.covariance[at, at] @ masked[at])).sum(0)
    variances = torch.stack([found[source] for source in range(len(layer.input_levels))])
    if layer.formulas is None:
        return variances
    own = rows.covariance.diagonal()[layer.features :]
    return variances.index_put((layer.formulas.sources, layer.formulas.targets), own)


def _owners(layer: KanLayer) -> Tensor:
    """Gives the node that each sum is part of."""
    counts = torch.tensor([1] * layer.plain + list(layer.products), device=layer.mask.device)
    return torch.arange(layer.nodes, device=layer.mask.device).repeat_interleave(counts)


def _entropy(shares: Float[Tensor, "inputs outputs"]) -> Tensor:
    of_inputs, of_sums = shares / (shares.sum(1, keepdim=True) + 1.0), shares / (shares.sum(0) + 1.0)
    return -_p_log_p(of_inputs).sum(1).mean() - _p_log_p(of_sums).sum(0).mean()


def _p_log_p(p: Tensor) -> Tensor:
    return p * torch.log2(p + LOG_FLOOR)
