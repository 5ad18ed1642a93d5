"""A trained network as frozen arrays: what is saved, served, edited, drawn and exported."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from kan.errors import ShapeMismatch

if TYPE_CHECKING:
    from kan.encoding import Encoding

Array = NDArray[np.float64]

DENSITY_BINS = 24


@dataclass(frozen=True, eq=False)
class LevelTable:
    """The edges that leave a category input: one value per level and target node.

    Attributes:
        source: index of the input in its layer.
        values: (levels + 1, outputs); the last row answers for a level never seen in training.
    """

    source: int
    values: Array


@dataclass(frozen=True, eq=False)
class EdgeStatistics:
    """What the training rows looked like at each edge of a layer.

    Attributes:
        low, high: (inputs,) smallest and largest value seen at each input.
        density: (inputs, 24) counts of rows in equal bins of [low, high].
        edge_std: (inputs, outputs) standard deviation of each edge's output.
        node_std: (outputs,) standard deviation of each sum.
    """

    low: Array
    high: Array
    density: NDArray[np.int64]
    edge_std: Array
    node_std: Array


@dataclass(frozen=True)
class EdgeFormula:
    """An edge that is a formula instead of a spline: `a * f(b * x + c) + d`.

    Attributes:
        source, target: the edge, from input to sum; its spline and base branch are masked.
        function: a name of `kan.symbolic.functions.FUNCTIONS`, or an expression of x (`kan.symbolic.written`).
    """

    source: int
    target: int
    function: str
    a: float
    b: float
    c: float
    d: float


@dataclass(frozen=True)
class EdgeShape:
    """The shape that a spline keeps in every training.

    Attributes:
        source, target: the edge, from input to sum. While it is pruned or a formula, nothing is kept.
        kind: "increasing", "decreasing", "convex" or "concave".
    """

    source: int
    target: int
    kind: str


OfEdge = TypeVar("OfEdge", EdgeFormula, EdgeShape)


def in_order(found: Iterable[OfEdge]) -> tuple[OfEdge, ...]:
    """Gives what edges have by source and target: the order, and so a network's bytes, tell nothing of its history."""
    return tuple(sorted(found, key=lambda item: (item.source, item.target)))


@dataclass(frozen=True, eq=False)
class LayerState:
    """One layer: `phi = mask * (base_weight * silu(x) + spline_weight * sum_j coefficients_j B_j(x))` on every edge.

    Attributes:
        degree: spline degree (the paper's k).
        knots: (inputs, grid + 2 * degree + 1), extended at both ends.
        coefficients: (inputs, grid + degree, outputs).
        base_weight, spline_weight, mask: (inputs, outputs); mask 0 = pruned.
        levels: tables of the category inputs; their splines and base weights are zero and unused.
        statistics: None until the network has seen training rows.
        formulas: edges snapped to a formula.
        pruned_formulas: those of pruned edges, which restoring gives back.
        products: how many sums each product node multiplies; the other sums are nodes themselves and come first.
        shapes: of edges that keep one in every training.
    """

    degree: int
    knots: Array
    coefficients: Array
    base_weight: Array
    spline_weight: Array
    mask: Array
    levels: tuple[LevelTable, ...] = ()
    statistics: EdgeStatistics | None = None
    formulas: tuple[EdgeFormula, ...] = ()
    products: tuple[int, ...] = ()
    pruned_formulas: tuple[EdgeFormula, ...] = ()
    shapes: tuple[EdgeShape, ...] = ()

    def __post_init__(self) -> None:
        expected = (self.inputs, self.grid + self.degree, self.outputs)
        if self.coefficients.shape != expected:
            raise ShapeMismatch("coefficients", str(expected), self.coefficients.shape)
        for name in ("base_weight", "spline_weight", "mask"):
            if getattr(self, name).shape != (self.inputs, self.outputs):
                raise ShapeMismatch(name, str((self.inputs, self.outputs)), getattr(self, name).shape)

    @property
    def inputs(self) -> int:
        """Number of input nodes."""
        return int(self.knots.shape[0])

    @property
    def outputs(self) -> int:
        """Number of sums; without products each of them is a node."""
        return int(self.mask.shape[1])

    @property
    def nodes(self) -> int:
        """Number of nodes behind the layer."""
        return self.plain + len(self.products)

    @property
    def grid(self) -> int:
        """Number of intervals (the paper's G)."""
        return int(self.knots.shape[1]) - 2 * self.degree - 1

    @property
    def live(self) -> NDArray[np.bool_]:
        """Which edges (inputs, outputs) are not pruned: those with a mask, and those that are a formula."""
        live: NDArray[np.bool_] = np.not_equal(self.mask, 0)
        for formula in self.formulas:
            live[formula.source, formula.target] = True
        return live

    @property
    def plain(self) -> int:
        """Number of sums that are nodes themselves; they come before those that products take."""
        return self.outputs - sum(self.products)

    def factors(self, node: int) -> range:
        """Gives the sums that a node is made of: one, or the factors of a product."""
        if node < self.plain:
            return range(node, node + 1)
        start = self.plain + sum(self.products[: node - self.plain])
        return range(start, start + self.products[node - self.plain])

    @property
    def owners(self) -> NDArray[np.intp]:
        """The node that each sum is part of, (outputs,)."""
        return np.repeat(np.arange(self.nodes), [len(self.factors(node)) for node in range(self.nodes)])

    def level_table(self, source: int) -> LevelTable | None:
        """Gives the table of a category input, None for a number."""
        return next((table for table in self.levels if table.source == source), None)


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Layers, the rule outside the grid, and how a table becomes inputs and outputs.

    Attributes:
        layers: from inputs to outputs.
        base: "silu" or "zero" (no base branch).
        outside: "linear" (the spline goes on with its end slope) or "zero".
        encoding: None for a network that was trained on plain arrays.
        origin: plain facts about how it was made (seed, recipe); not used to evaluate it.
    """

    layers: tuple[LayerState, ...]
    base: str = "silu"
    outside: str = "linear"
    encoding: "Encoding | None" = None
    origin: dict[str, object] = field(default_factory=dict)

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of nodes of every layer, inputs first."""
        return (self.layers[0].inputs, *(layer.nodes for layer in self.layers))
