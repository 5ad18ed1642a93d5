"""Knots follow the data that reaches each layer; hidden nodes keep a scale of one."""

import torch
from jaxtyping import Float
from torch import Tensor

from kan.encoding_learning import robust_range
from kan.kernels.torch.local_basis import dense, local_basis
from kan.knots import quantile_knots, uniform_knots
from kan.layer import KanLayer, layer_outputs
from kan.network import Kan

# The grid reaches a little beyond the data, so that the end intervals are not decided by single rows.
MARGIN = 0.02
# Rows to come reach further than the training rows did: a grid that covers these all has more room.
COVER_MARGIN = 0.04
# An outlier may widen a grid by so many times the range of nearly all rows, on each side.
OUTLIER_REACH = 1.0
TAIL = 0.002
SMALLEST_WIDTH = 1e-6
# Inputs come in any unit; below this, squares of a grid's slopes would overflow, and a column counts as 0.
SMALLEST_INPUT = 1e-100
MOST_ROWS = 20_000


def move_grids(network: Kan, x: Float[Tensor, "rows inputs"], *, first: bool = False) -> None:
    """Lays every hidden layer's knots over the values that reach it and refits its splines.

    Args:
        x: training rows.
        first: move the first layer too; its inputs are scaled to [-1, 1] already.
    """
    x = _some_rows(x)
    with torch.no_grad():
        for depth, layer in enumerate(network.kan_layers):
            if depth > 0:
                _move_layer(layer, _covering_range(x), x, network.config.grid_eps)
            elif first:
                _move_layer(layer, _range_without_outliers(x), x, network.config.grid_eps)
            x = layer_outputs(layer, x)


def normalise_nodes(network: Kan, x: Float[Tensor, "rows inputs"], *, cover: bool = False) -> None:
    """Moves the hidden grids to the data, then scales every hidden node to [-1, 1]: exact without a base branch.

    A product can be scaled only, not shifted.

    A penalty on a hidden node's edges would otherwise just shrink the node and stretch what follows.

    Args:
        x: training rows.
        cover: lay the grids over all rows, as `move_grids` does; else a few extreme ones are left out.
    """
    range_of = _covering_range if cover else _robust_range
    x = _some_rows(x)
    with torch.no_grad():
        for layer, following in zip(network.kan_layers, network.kan_layers[1:], strict=False):
            low, high = range_of(layer_outputs(layer, x))
            knots = _ranged_knots(low, high, following)
            _refit(following, knots)
            _rescale(layer, following, low, high)
            x = layer_outputs(layer, x)


def _some_rows(x: Tensor) -> Tensor:
    """Gives every k-th row: more hardly move a quantile."""
    return x[:: max(1, len(x) // MOST_ROWS)]


def _move_layer(layer: KanLayer, reach: tuple[Tensor, Tensor], x: Tensor, grid_eps: float) -> None:
    if grid_eps >= 1.0:
        _refit(layer, _ranged_knots(*reach, layer))
        return
    knots = layer.knots.clone()
    for source in layer.numbers:
        samples = x[:, source].cpu().numpy()
        knots[source] = torch.from_numpy(quantile_knots(samples, layer.grid, layer.degree, grid_eps))
    _refit(layer, knots)


def _robust_range(x: Tensor) -> tuple[Tensor, Tensor]:
    """Gives low and high of each column, a few extreme rows left out, with a margin."""
    tails = torch.tensor([TAIL, 1 - TAIL], dtype=x.dtype, device=x.device)
    # torch.quantile refuses more than 16 million values; of many columns fewer rows are as good.
    sample = x[:: max(1, x.numel() // 4_000_000)]
    low, high = torch.quantile(sample, tails, dim=0)
    # Nodes of a network have a size of about one: what hardly varies beside it is none that has to be spread.
    return _with_margin(low, high, torch.maximum(low.abs(), high.abs()).clamp_min(1.0))


def _range_without_outliers(x: Tensor) -> tuple[Tensor, Tensor]:
    """Gives low and high of each column of inputs: a single row far away must not swallow the grid."""
    ranges = [robust_range(column) for column in x.cpu().numpy().T]
    low, high = torch.tensor(ranges, dtype=x.dtype, device=x.device).T
    size = torch.maximum(low.abs(), high.abs())
    return _with_margin(low, high, torch.where(size > SMALLEST_INPUT, size, torch.ones_like(size)))


def _with_margin(low: Tensor, high: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    # Relative to the size of the values: a narrower grid would have knots that coincide.
    width = torch.maximum(high - low, SMALLEST_WIDTH * size)
    return low - MARGIN * width, low + (1 + MARGIN) * width


def _covering_range(x: Tensor) -> tuple[Tensor, Tensor]:
    """Gives low and high of each column, all rows covered but for outliers, with a margin."""
    low, high = _robust_range(x)
    reach = OUTLIER_REACH * (high - low)
    lowest = torch.maximum(torch.minimum(x.amin(0), low), low - reach)
    highest = torch.minimum(torch.maximum(x.amax(0), high), high + reach)
    margin = COVER_MARGIN * (highest - lowest)
    return lowest - margin, highest + margin


def _ranged_knots(low: Tensor, high: Tensor, layer: KanLayer) -> Tensor:
    """Gives uniform knots for number inputs; a category's are left as they are."""
    unit = torch.from_numpy(uniform_knots(0.0, 1.0, layer.grid, layer.degree)).to(low.device)
    knots = low[:, None] + (high - low)[:, None] * unit
    for source, levels in enumerate(layer.input_levels):
        if levels is not None:
            knots[source] = layer.knots[source]
    return knots


def _refit(layer: KanLayer, knots: Tensor) -> None:
    """Puts other knots under the splines and finds the coefficients that come closest to the same functions."""
    numbers = layer.numbers
    size = layer.grid + layer.degree
    count = -(-8 * size // layer.grid)
    inner = knots[numbers][:, layer.degree : -layer.degree].T
    at = (torch.arange(count, dtype=torch.float64, device=knots.device) + 0.5) / count
    points = (inner[:-1, None] + torch.diff(inner, dim=0)[:, None] * at[:, None]).flatten(0, 1)
    old, _, old_first = local_basis(points, layer.knots[numbers], layer.degree)
    values = torch.einsum("nis,iso->ino", dense(old, old_first, size), layer.coefficients().detach())
    new, _, new_first = local_basis(points, knots[numbers], layer.degree)
    design = dense(new, new_first, size).movedim(0, 1)
    # Abscissae in every interval, however narrow: full rank, so QR is safe where the default driver is not.
    q, r = torch.linalg.qr(design)
    coefficients = torch.linalg.solve_triangular(r, q.mT @ values, upper=True)
    layer.replace_splines(knots, coefficients)


def _rescale(layer: KanLayer, following: KanLayer, low: Tensor, high: Tensor) -> None:
    """Maps the nodes between two layers from [low, high] to [-1, 1] on both sides of them; a product stays centred."""
    scale = 2.0 / (high - low)
    shift = -1.0 - scale * low
    scale[layer.plain :] = 1.0 / torch.maximum(low.abs(), high.abs())[layer.plain :]
    shift[layer.plain :] = 0.0
    # A pruned sum is 0; a constant in it would bring one of its edges back.
    shift[: layer.plain][~layer.fed[: layer.plain]] = 0.0
    layer.map_nodes(scale, shift)
    following.map_inputs(scale, shift)
