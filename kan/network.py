"""`Kan`: layers one after the other; every node the sum of its edges, or a product of such sums."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kan import checkpoint
from kan.config import NetworkConfig
from kan.config_constraints import Constraint
from kan.constraints import kept_constraints
from kan.curves import activations
from kan.diagram import diagram
from kan.errors import InvalidConfig, ShapeMismatch
from kan.formulas.writing import written_formulas
from kan.freeze import freeze, thaw
from kan.layer import KanLayer
from kan.state import NetworkState

# Share of its start value that an edge keeps which leads from an input to a factor that is not its own.
OTHER_INPUTS = 0.1


class Kan(nn.Module):
    """A Kolmogorov-Arnold network, made in float64; `.to(torch.float32)` and `.to(device)` as for any module.

    Gradients by weights and inputs are by hand, once: torch has no second derivatives of it.

    Args:
        widths: nodes of every layer, inputs first, such as [2, 5, 1]; product nodes are among them, and come last.
        grid: intervals of every spline (the paper's G).
        degree: spline degree (the paper's k).
        base: "silu" or "zero".
        grid_eps: 1 = uniform knots, 0 = quantile knots, used where knots follow the data.
        seed: start values; the global seeds are neither read nor changed.
        input_levels: per input the number of levels of a category, None for a number; default: all numbers.
        products: for every layer of edges, how many factors each product node behind it has: Kan([3, 1],
            products=[(3,)]) is the product of three sums; default: no products.

    Raises:
        InvalidConfig: a width, grid or degree that cannot be built.

    Source: Liu et al., arXiv 2404.19756, section 2.2.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        grid: int = 5,
        degree: int = 3,
        base: str = "silu",
        grid_eps: float = 1.0,
        seed: int = 0,
        input_levels: Sequence[int | None] | None = None,
        products: Sequence[Sequence[int]] | None = None,
    ) -> None:
        super().__init__()
        levels = tuple(input_levels) if input_levels is not None else (None,) * max([0, *widths[:1]])
        if len(widths) < 2 or min(widths[0], widths[-1]) < 1 or len(levels) != widths[0]:
            raise InvalidConfig("widths", "expected at least an input and an output, and a level count for each input")
        arities = _checked_products(widths, products)
        shape = {"grid": grid, "degree": degree, "base": base, "grid_eps": grid_eps}
        self.config = NetworkConfig.of_shape(widths, arities, **shape)
        self.layers = nn.ModuleList(
            KanLayer(levels if i == 0 else (None,) * a, b - len(p) + sum(p), self.config, products=p)
            for i, ((a, b), p) in enumerate(zip(pairwise(widths), arities, strict=True))
        )
        randomize(self, seed)

    @property
    def kan_layers(self) -> list[KanLayer]:
        """The layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, KanLayer)]

    @property
    def widths(self) -> list[int]:
        """Nodes of every layer, inputs first."""
        layers = self.kan_layers
        return [len(layers[0].input_levels), *(layer.nodes for layer in layers)]

    @property
    def products(self) -> list[tuple[int, ...]]:
        """How many factors each product node has, layer of edges by layer."""
        return [layer.products for layer in self.kan_layers]

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The shapes that edges keep in every training; those of pruned edges and of formulas are not among them."""
        has_some = any(layer.shapes for layer in self.kan_layers)
        return kept_constraints(self.state()) if has_some else ()

    def forward(self, x: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows outputs"]:
        """Gives the outputs, SHAPE (rows, outputs), of inputs in network units.

        Raises:
            ShapeMismatch: another number of columns than the network has inputs.
        """
        x = torch.as_tensor(x, dtype=self.kan_layers[0].weights.dtype)
        if x.ndim != 2 or x.shape[1] != self.widths[0]:
            raise ShapeMismatch("x", f"(rows, {self.widths[0]})", tuple(x.shape))
        for layer in self.layers:
            x = layer(x)
        return x

    def copy(self) -> "Kan":
        """Gives an independent network with the same numbers, of the same type and on the same device."""
        return Kan.from_state(self.state()).to(self.kan_layers[0].weights)

    def state(self, x: Tensor | None = None) -> NetworkState:
        """Freezes the network into plain arrays; with training rows `x`, with what they look like on every edge."""
        return freeze(self.kan_layers, self.config, x)

    @classmethod
    def from_state(cls, state: NetworkState) -> Self:
        """Makes a trainable network of frozen arrays.

        Raises:
            InvalidConfig: its layers have different degrees.
        """
        first = state.layers[0]
        if any(layer.degree != first.degree for layer in state.layers):
            raise InvalidConfig("degree", "expected layers of one degree; others cannot be trained")
        levels = [None if (t := first.level_table(i)) is None else len(t.values) - 1 for i in range(first.inputs)]
        network = cls(
            state.widths,
            grid=first.grid,
            degree=first.degree,
            base=state.base,
            grid_eps=float(str(state.origin.get("grid_eps", 1.0))),
            input_levels=levels,
            products=[layer.products for layer in state.layers],
        )
        thaw(network.kan_layers, state)
        return network

    def curves(self, **options: Any) -> dict[str, Any]:
        """Gives every activation as plain numbers; options as in `kan.curves.activations`."""
        return activations(self.state(), **options)

    def diagram(self, **options: Any) -> str:
        """Gives the picture of the network as SVG; options as in `kan.diagram.diagram`."""
        return diagram(self.state(), **options)

    def formula(self, **options: Any) -> str | list[str]:
        """Gives the formula of each output, text for a single one; options as in `kan.formulas.writing`.

        Raises:
            NotSymbolic: some edges are still splines.
        """
        return written_formulas(self.state(), **options)

    def save(self, path: str | Path) -> None:
        """Writes a checkpoint (safetensors with a JSON header)."""
        checkpoint.save(self.state(), path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a checkpoint.

        Raises:
            CheckpointError: the file is no checkpoint of this library.
        """
        return cls.from_state(checkpoint.read(path))


def _checked_products(widths: Sequence[int], products: Sequence[Sequence[int]] | None) -> tuple[tuple[int, ...], ...]:
    arities = tuple(tuple(entry) for entry in products) if products is not None else ((),) * (len(widths) - 1)
    if len(arities) != len(widths) - 1 or any(len(p) > width for p, width in zip(arities, widths[1:], strict=True)):
        raise InvalidConfig("products", "expected a list for each layer of edges, none longer than it has nodes")
    if any(type(arity) is not int or arity < 2 for entry in arities for arity in entry):
        raise InvalidConfig("products", "expected integers of at least 2")
    return arities


def randomize(network: Kan, seed: int) -> None:
    """Gives every weight a new start value.

    A hidden edge starts as a random straight line with a little noise, so that its node spans the next grid;
    the last layer starts smaller.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = network.kan_layers
    for depth, layer in enumerate(layers):
        scale = 1.0 if depth < len(layers) - 1 else 0.3
        _randomize_layer(layer, scale, generator)


def _randomize_layer(layer: KanLayer, scale: float, generator: torch.Generator) -> None:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) / math.sqrt(len(layer.input_levels))

    count, size = len(layer.numbers), layer.grid + layer.degree
    line = torch.linspace(-1.0, 1.0, size, dtype=torch.float64)[None, :, None]
    with torch.no_grad():
        layer.coefficients().copy_(
            scale * normal(count, 1, layer.outputs) * line + 0.1 * normal(count, size, layer.outputs)
        )
        if layer.base == "silu":
            layer.base_weights().copy_(scale * 0.5 * normal(count, layer.outputs))
        levels = layer.weights[layer.per_number * count :]
        levels.copy_(scale * normal(*levels.shape))
        if layer.products:
            _start_factors(layer, generator)


def _start_factors(layer: KanLayer, generator: torch.Generator) -> None:
    """Lets every factor of a product start with inputs of its own and hardly any others.

    Where all start with all inputs, around 1, the zeros of two factors that should cross end as two bends beside each
    other: x1 * x2 stayed at 5e-2 of its spread in each of eight starts, and came to 1e-5 in five of eight of these.
    """
    share = torch.ones_like(layer.mask)
    first = layer.plain
    for arity in layer.products:
        owner = torch.randperm(len(layer.input_levels), generator=generator) % arity
        share[:, first : first + arity] = torch.where(owner[:, None] == torch.arange(arity), 1.0, OTHER_INPUTS)
        first += arity
    layer.weights.mul_(share[layer.feature_sources])
