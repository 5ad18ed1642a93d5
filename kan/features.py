"""What the trainable numbers of a layer multiply, row by row."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kan.formula_edges import FormulaFeatures


@dataclass(frozen=True)
class Features:
    """What the weights of a layer multiply, and how it changes with the layer's inputs.

    Attributes:
        values: (rows, features); the sums are `values @ weights`.
        slopes: (rows, inputs, features of one input), None where no gradient to the inputs is wanted.
        formulas: what the formulas give, None where there are none.
    """

    values: Float[Tensor, "rows features"]
    slopes: Float[Tensor, "rows inputs per_input"] | None
    formulas: FormulaFeatures | None = None

    def some(self, kept: Int[Tensor, " kept"]) -> "Features":
        """Gives those of some of the rows."""
        slopes = None if self.slopes is None else self.slopes[kept]
        return Features(self.values[kept], slopes, None if self.formulas is None else self.formulas.some(kept))


def one_hot(index: Float[Tensor, " rows"], levels: int) -> Float[Tensor, "rows levels"]:
    """Gives one column per level; a level never seen in training (index = levels) is a row of zeros."""
    return (index.unsqueeze(-1) == torch.arange(levels, device=index.device)).to(index.dtype)


def with_silu(x: Tensor, values: Tensor, gradient: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Adds the base branch as one more feature of each input."""
    gate = torch.sigmoid(x)
    values = torch.cat([values, (x * gate).unsqueeze(-1)], dim=-1)
    if gradient is not None:
        gradient = torch.cat([gradient, (gate * (1 + x * (1 - gate))).unsqueeze(-1)], dim=-1)
    return values, gradient
