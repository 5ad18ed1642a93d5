"""One layer: every edge a learnable function of one variable, every node a sum of edges or a product of sums."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kan.config import NetworkConfig
from kan.cost import rows_per_block
from kan.features import Features, one_hot, with_silu
from kan.formula_edges import FormulaEdges
from kan.kernels.torch.local_basis import dense, local_basis
from kan.kernels.torch.products import node_values, pull_nodes, shared_scale
from kan.kernels.torch.sparse_product import sparse_product
from kan.kernels.torch.spline_functions import spline_functions
from kan.knots import uniform_knots
from kan.state import EdgeFormula, EdgeShape


class KanLayer(nn.Module):
    """`phi(x) = mask * (w_b * silu(x) + S(x))` on each edge, or one value per level for a category input.

    All trainable numbers are one matrix `weights` (features, outputs), for each number input its grid + degree
    spline coefficients and, with a base branch, w_b, for each category input one row per level; and the constants of
    edges that are formulas.

    Attributes:
        products: how many sums each product node multiplies; the sums that are nodes themselves come first.
        formulas: the edges that are formulas; their splines are masked. None where there are none.
        pruned_formulas: those of pruned edges, kept for who restores the edge.
        shapes: of edges that keep one in every training.

    Source: Liu et al., arXiv 2404.19756, equations 2.10 to 2.12.
    """

    knots: Tensor
    mask: Tensor

    def __init__(
        self,
        input_levels: Sequence[int | None],
        outputs: int,
        config: NetworkConfig,
        *,
        products: Sequence[int] = (),
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        super().__init__()
        self.input_levels, self.products = tuple(input_levels), tuple(products)
        self.degree, self.base = config.degree, config.base
        knots = torch.from_numpy(uniform_knots(low, high, config.grid, config.degree))
        self.register_buffer("knots", knots.repeat(len(self.input_levels), 1))
        self.register_buffer("mask", torch.ones(len(self.input_levels), outputs, dtype=torch.float64))
        self.weights = nn.Parameter(torch.zeros(self.features, outputs, dtype=torch.float64))
        self.formulas: FormulaEdges | None = None
        self.pruned_formulas: tuple[EdgeFormula, ...] = ()
        self.shapes: tuple[EdgeShape, ...] = ()

    def put_formulas(self, formulas: Sequence[EdgeFormula]) -> None:
        """Makes these edges formulas, and no others."""
        self.formulas = FormulaEdges(formulas).to(self.weights) if formulas else None
        for formula in formulas:
            self.mask[formula.source, formula.target] = 0.0

    @property
    def trainables(self) -> list[nn.Parameter]:
        """The trainable numbers, in the order of a parameter vector: weights, then constants of formulas."""
        return [self.weights] if self.formulas is None else [self.weights, self.formulas.constants]

    @property
    def grid(self) -> int:
        """Number of intervals."""
        return int(self.knots.shape[1]) - 2 * self.degree - 1

    @property
    def outputs(self) -> int:
        """Number of sums."""
        return int(self.mask.shape[1])

    @property
    def plain(self) -> int:
        """Number of sums that are nodes themselves."""
        return self.outputs - sum(self.products)

    @property
    def nodes(self) -> int:
        """Number of nodes behind the layer."""
        return self.plain + len(self.products)

    @property
    def fed(self) -> Bool[Tensor, " outputs"]:
        """Which sums have an edge that is not pruned."""
        fed = (self.mask != 0).any(0)
        return fed if self.formulas is None else fed.index_fill(0, self.formulas.targets, True)

    @property
    def numbers(self) -> list[int]:
        """Indices of the inputs that are numbers."""
        return [i for i, levels in enumerate(self.input_levels) if levels is None]

    @property
    def per_number(self) -> int:
        """Features of one number input: its coefficients and, with a base branch, one more."""
        return self.grid + self.degree + (self.base == "silu")

    @property
    def features(self) -> int:
        """Rows of `weights`."""
        return self.per_number * len(self.numbers) + sum(levels or 0 for levels in self.input_levels)

    @property
    def feature_sources(self) -> Tensor:
        """Gives the input each feature belongs to, SHAPE (features,): numbers first, then categories."""
        categories = [(i, levels) for i, levels in enumerate(self.input_levels) if levels is not None]
        counts = [(i, self.per_number) for i in self.numbers] + categories
        table = torch.tensor(counts, dtype=torch.int64, device=self.knots.device)
        return table[:, 0].repeat_interleave(table[:, 1])

    def forward(self, x: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows nodes"]:
        """Gives the nodes; differentiable once in `weights` and, for numbers, in `x`."""
        return self.node_values(self.sums(x))

    def node_values(self, sums: Float[Tensor, "rows outputs"]) -> Float[Tensor, "rows nodes"]:
        """Gives the nodes that the sums make."""
        return node_values(sums, self.products)

    def sums(self, x: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows outputs"]:
        """Gives the sums; differentiable as the nodes are."""
        terms = [self._number_terms(x), *self._level_terms(x)]
        values, places = (torch.cat(part, dim=1) for part in zip(*terms, strict=True))
        sums = sparse_product(values, places, self.masked_weights())
        return sums if self.formulas is None else self.formulas.added(sums, self.formulas(x))

    def _number_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Gives the functions of the number inputs that are not zero, and their rows of `weights`."""
        count = len(self.numbers)
        whole = count == x.shape[1]
        numbers, knots = (x, self.knots) if whole else (x[:, self.numbers], self.knots[self.numbers])
        values, first = spline_functions(numbers, knots, self.degree)
        places = first.unsqueeze(-1) + torch.arange(self.degree + 1, device=x.device)
        if self.base == "silu":
            values = torch.cat([values, torch.nn.functional.silu(numbers).unsqueeze(-1)], dim=-1)
            places = torch.cat([places, torch.full_like(places[..., :1], self.per_number - 1)], dim=-1)
        places = places + self.per_number * torch.arange(count, device=x.device)[:, None]
        return values.flatten(1), places.flatten(1)

    def _level_terms(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields, for each category input, 1 and the row of its level; 0 for a level never seen in training."""
        for source, levels in enumerate(self.input_levels):
            if levels is not None:
                index = x[:, source : source + 1].detach()
                is_known = (index >= 0) & (index < levels)
                row = torch.where(is_known, index, 0.0).long() + self.level_rows(source).start
                yield is_known.to(x.dtype), row

    def masked_weights(self) -> Float[Tensor, "features outputs"]:
        """Gives the weights with pruned edges at zero."""
        return self.weights * self.mask[self.feature_sources]

    def design(self, x: Float[Tensor, "rows inputs"], *, slopes: bool = False) -> Features:
        """Gives the features of each row, dense; with `slopes`, their derivatives by the (number) inputs too."""
        numbers = x if len(self.numbers) == x.shape[1] else x[:, self.numbers]
        knots = self.knots if len(self.numbers) == x.shape[1] else self.knots[self.numbers]
        local, local_slopes, first = local_basis(numbers, knots, self.degree)
        size = self.grid + self.degree
        values, gradient = dense(local, first, size), dense(local_slopes, first, size) if slopes else None
        if self.base == "silu":
            values, gradient = with_silu(numbers, values, gradient)
        columns = [values.flatten(1), *(one_hot(x[:, i], n) for i, n in enumerate(self.input_levels) if n is not None)]
        formulas = None if self.formulas is None else self.formulas.design(x)
        return Features(torch.cat(columns, dim=1), gradient, formulas)

    def sums_of(self, features: Features) -> Float[Tensor, "rows outputs"]:
        """Gives the sums of rows whose features are known."""
        sums = features.values @ self.masked_weights()
        if self.formulas is None or features.formulas is None:
            return sums
        return self.formulas.added(sums, features.formulas.values)

    def pull_nodes(
        self, by_node: Float[Tensor, "rows nodes"], sums: Float[Tensor, "rows outputs"]
    ) -> Float[Tensor, "rows outputs"]:
        """Gives the derivative by the sums from that by the nodes."""
        return pull_nodes(by_node, sums, self.products)

    def pull_back(self, delta: Float[Tensor, "rows outputs"], features: Features) -> Float[Tensor, "rows inputs"]:
        """Gives the derivative by the layer's (number) inputs from that by its sums; needs `slopes`."""
        assert features.slopes is not None
        spread = delta @ self.masked_weights()[: self.per_number * len(self.numbers)].T
        pulled = (spread.view_as(features.slopes) * features.slopes).sum(-1)
        if self.formulas is None or features.formulas is None:
            return pulled
        return pulled + self.formulas.pull_back(delta, features.formulas, pulled.shape[1])

    def jacobian(self, delta: Float[Tensor, "rows outputs"], features: Features) -> Float[Tensor, "rows parameters"]:
        """Gives the derivatives of `sum(delta * sums)` of each row by all trainable numbers."""
        by_weights = features.values.unsqueeze(-1) * delta.unsqueeze(1)
        if not bool(self.mask.all()):
            by_weights = by_weights * self.mask[self.feature_sources]
        if self.formulas is None or features.formulas is None:
            return by_weights.flatten(1)
        return torch.cat([by_weights.flatten(1), self.formulas.jacobian(delta, features.formulas)], dim=1)

    def coefficients(self) -> Float[Tensor, "numbers size outputs"]:
        """Gives a view of the spline coefficients of the number inputs, SHAPE (numbers, grid + degree, outputs)."""
        return self._blocks()[:, : self.grid + self.degree]

    def base_weights(self) -> Float[Tensor, "numbers outputs"]:
        """Gives a view of w_b of the number inputs; zeros without a base branch."""
        blocks = self._blocks()
        return blocks[:, -1] if self.base == "silu" else torch.zeros_like(blocks[:, 0])

    def level_rows(self, source: int) -> slice:
        """Gives the rows of `weights` that hold the levels of a category input."""
        start = self.per_number * len(self.numbers) + sum(n or 0 for n in self.input_levels[:source])
        return slice(start, start + (self.input_levels[source] or 0))

    def replace_splines(self, knots: Tensor, coefficients: Tensor) -> None:
        """Puts other knots (inputs, …) and coefficients (numbers, grid + degree, outputs) in place; the rest stays."""
        base, levels = self.base_weights().detach(), self.weights.detach()[self.per_number * len(self.numbers) :]
        self.knots, coefficients = knots.to(self.knots), coefficients.to(self.weights)
        blocks = [coefficients, base.unsqueeze(1)] if self.base == "silu" else [coefficients]
        self.weights = nn.Parameter(torch.cat([torch.cat(blocks, dim=1).flatten(0, 1), levels]))

    def map_nodes(self, scale: Float[Tensor, " nodes"], shift: Float[Tensor, " nodes"]) -> None:
        """Makes every node z scale * z + shift: the same network but for rounding; scale > 0, no product is shifted."""
        with torch.no_grad():
            shared = shared_scale(scale, self.outputs, self.products)
            self.weights.mul_(shared)
            if self.formulas is not None:
                self.formulas.scale_sums(shared)
            self.shift_sums(torch.cat([shift[: self.plain], shift.new_zeros(sum(self.products))]))

    def shift_sums(self, shift: Float[Tensor, " outputs"]) -> None:
        """Adds a constant to every sum, by one of its edges; a sum without a live edge gets one that is constant."""
        shift = shift if self.formulas is None else self.formulas.shift_sums(shift)
        order = [*self.numbers, *self._categories()]
        with torch.no_grad():
            is_live = self.mask[order] != 0
            carrier = is_live.to(torch.int8).argmax(0)
            self._revive(order[0], (shift != 0) & ~is_live.any(0))
            for place in carrier.unique().cpu().tolist():
                self._edge_values(order[place])[:, carrier == place] += shift[carrier == place]

    def map_inputs(self, scale: Float[Tensor, " inputs"], shift: Float[Tensor, " inputs"]) -> None:
        """Lets every input z come as scale * z + shift: the same function of z, but for a base branch."""
        self.knots.mul_(scale[:, None]).add_(shift[:, None])
        if self.formulas is not None:
            self.formulas.map_inputs(scale, shift)

    def _revive(self, source: int, targets: Tensor) -> None:
        """Brings pruned edges back as the constant 0."""
        self.mask[source, targets] = 1.0
        self._edge_values(source)[:, targets] = 0.0
        if self.input_levels[source] is None:
            self.base_weights()[self.numbers.index(source), targets] = 0.0

    def _edge_values(self, source: int) -> Tensor:
        """Gives a view of what an edge adds where it is constant, SHAPE (coefficients or levels, outputs)."""
        if self.input_levels[source] is None:
            return self.coefficients()[self.numbers.index(source)]
        return self.weights[self.level_rows(source)]

    def _categories(self) -> list[int]:
        return [i for i, levels in enumerate(self.input_levels) if levels is not None]

    def _blocks(self) -> Tensor:
        count = len(self.numbers)
        return self.weights[: self.per_number * count].view(count, self.per_number, self.outputs)


def layer_outputs(layer: KanLayer, x: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows nodes"]:
    """Gives the nodes without a gradient, block by block: all rows' features at once would fill the memory."""
    outputs, size = x.new_empty(len(x), layer.nodes), rows_per_block(layer.features)
    with torch.no_grad():
        for place, block in zip(outputs.split(size), x.split(size), strict=True):
            place.copy_(layer(block))
    return outputs
