"""The edges of a layer that are formulas, a * f(b * x + c) + d, with (a, b, c, d) of each trained as weights are."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kan.kernels.torch.functions import function_slopes, function_values
from kan.state import EdgeFormula


@dataclass(frozen=True)
class FormulaFeatures:
    """What every formula gives at some rows, and how it changes.

    Attributes:
        values: (rows, n).
        by_constants: (rows, n, 4) derivatives by a, b, c and d.
        slopes: (rows, n) derivatives by the input.
    """

    values: Float[Tensor, "rows n"]
    by_constants: Float[Tensor, "rows n 4"]
    slopes: Float[Tensor, "rows n"]

    def some(self, kept: Int[Tensor, " kept"]) -> "FormulaFeatures":
        """Gives those of some of the rows."""
        return FormulaFeatures(self.values[kept], self.by_constants[kept], self.slopes[kept])


class FormulaEdges(nn.Module):
    """Formulas between inputs and sums.

    Args:
        formulas: one an edge at most.

    Attributes:
        constants: (n, 4) a, b, c and d of every formula.
        functions: names as `kan.state.EdgeFormula` has them.
        sources, targets: (n,) the edges.
    """

    sources: Tensor
    targets: Tensor

    def __init__(self, formulas: Sequence[EdgeFormula]) -> None:
        super().__init__()
        self.functions = tuple(formula.function for formula in formulas)
        constants = [[formula.a, formula.b, formula.c, formula.d] for formula in formulas]
        self.constants = nn.Parameter(torch.tensor(constants, dtype=torch.float64).view(-1, 4))
        sources, targets = [formula.source for formula in formulas], [formula.target for formula in formulas]
        self.register_buffer("sources", torch.tensor(sources, dtype=torch.int64), persistent=False)
        self.register_buffer("targets", torch.tensor(targets, dtype=torch.int64), persistent=False)

    def state(self) -> tuple[EdgeFormula, ...]:
        """Gives the formulas as they are now."""
        edges = zip(self.sources.cpu().tolist(), self.targets.cpu().tolist(), self.functions, strict=True)
        constants = self.constants.detach().double().cpu().tolist()
        return tuple(EdgeFormula(*edge, *numbers) for edge, numbers in zip(edges, constants, strict=True))

    def forward(self, x: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows n"]:
        """Gives what every formula adds to its sum; differentiable once in the constants and in `x`."""
        a, b, c, d = self.constants.unbind(1)
        return a * function_values(b * x[:, self.sources] + c, self.functions) + d

    def design(self, x: Float[Tensor, "rows inputs"]) -> FormulaFeatures:
        """Gives values and derivatives, without a graph."""
        inputs, (a, b, c, d) = x[:, self.sources], self.constants.detach().unbind(1)
        argument = b * inputs + c
        value, slope = function_values(argument, self.functions), a * function_slopes(argument, self.functions)
        by_constants = torch.stack([value, slope * inputs, slope, torch.ones_like(value)], dim=2)
        return FormulaFeatures(a * value + d, by_constants, slope * b)

    def added(self, sums: Float[Tensor, "rows sums"], values: Float[Tensor, "rows n"]) -> Float[Tensor, "rows sums"]:
        """Gives the sums with what the formulas add."""
        return sums.index_add(1, self.targets, values)

    def pull_back(
        self, delta: Float[Tensor, "rows sums"], features: FormulaFeatures, inputs: int
    ) -> Float[Tensor, "rows inputs"]:
        """Gives the formulas' part of the derivatives by the inputs."""
        pulls = features.slopes * delta[:, self.targets]
        return pulls.new_zeros(len(pulls), inputs).index_add(1, self.sources, pulls)

    def jacobian(self, delta: Float[Tensor, "rows sums"], features: FormulaFeatures) -> Float[Tensor, "rows columns"]:
        """Gives the derivatives by the constants, a formula after the other."""
        return (features.by_constants * delta[:, self.targets].unsqueeze(2)).flatten(1)

    def scale_sums(self, scale: Float[Tensor, " sums"]) -> None:
        """Makes every formula as many times as large as its sum shall be."""
        with torch.no_grad():
            self.constants[:, [0, 3]] *= scale[self.targets].unsqueeze(1)

    def shift_sums(self, shift: Float[Tensor, " sums"]) -> Float[Tensor, " sums"]:
        """Adds a constant to every sum that has a formula; gives what is left for the others."""
        left = shift.clone()
        with torch.no_grad():
            for number, target in enumerate(self.targets.cpu().tolist()):
                self.constants[number, 3] += left[target]
                left[target] = 0.0
        return left

    def map_inputs(self, scale: Float[Tensor, " inputs"], shift: Float[Tensor, " inputs"]) -> None:
        """Lets every input come as scale * x + shift: the same function of x."""
        with torch.no_grad():
            self.constants[:, 1] /= scale[self.sources]
            self.constants[:, 2] -= self.constants[:, 1] * shift[self.sources]
