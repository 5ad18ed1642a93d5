"""The damped normal equations of Levenberg-Marquardt: by a matrix of parameters, or of rows where these are fewer."""

from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kan.optimizers.gauss_newton import QuadraticModel, RowModel

Vector = Float[Tensor, " p"]


class NormalEquations(Protocol):
    """(A + R + S) d = g with A = J'J, the penalty R and a diagonal S.

    Attributes:
        least_shift: S must be at least this share of the largest diagonal entry of A + R.
    """

    least_shift: float

    def diagonal(self) -> Vector:
        """Gives the diagonal of A + R."""
        ...

    def product(self, vector: Vector) -> Vector:
        """Gives (A + R) v."""
        ...

    def solve(self, shift: Vector, right: Vector) -> Vector | None:
        """Gives d; None where rounding made the matrix indefinite."""
        ...


class ByParameters:
    """The matrix of parameters itself, A + R, by Cholesky."""

    least_shift = 1e-15

    def __init__(self, model: QuadraticModel, penalty: Float[Tensor, "p p"]) -> None:
        self.matrix = model.matrix + penalty

    def diagonal(self) -> Vector:
        """Gives the diagonal of A + R."""
        return self.matrix.diagonal()

    def product(self, vector: Vector) -> Vector:
        """Gives (A + R) v."""
        return self.matrix @ vector

    def solve(self, shift: Vector, right: Vector) -> Vector | None:
        """Gives d."""
        damped = self.matrix.clone()
        damped.diagonal().add_(shift)
        factor, failed = torch.linalg.cholesky_ex(damped)
        if int(failed) != 0:
            return None
        return torch.cholesky_solve(right.unsqueeze(1), factor).squeeze(1)


class ByRows:
    """A matrix of rows: with M = R + S = L L' and W = L^-1 J', d = L^-T (I - W (I + W'W)^-1 W') L^-1 g.

    L comes block by block, for R is zero between different edges. With the penalty in M the step is the same as by
    parameters; one that damps the rows alone would be another.

    Args:
        model: the Jacobian and the gradient.
        penalty: R.
        blocks: for every size of block its indices; all parameters once.

    Source: Woodbury's identity; Golub and Van Loan, Matrix Computations, section 2.1.4.
    """

    # Below this W'W is so large beside I that too few digits of the difference are left.
    least_shift = 1e-8

    def __init__(self, model: RowModel, penalty: Float[Tensor, "p p"], blocks: list[Int[Tensor, "count size"]]) -> None:
        self._rows, self._penalty, self._blocks = model.rows, penalty, blocks

    def diagonal(self) -> Vector:
        """Gives the diagonal of A + R."""
        return self._rows.square().sum(0) + self._penalty.diagonal()

    def product(self, vector: Vector) -> Vector:
        """Gives (A + R) v."""
        return self._rows.T @ (self._rows @ vector) + self._penalty @ vector

    def solve(self, shift: Vector, right: Vector) -> Vector | None:
        """Gives d."""
        factors = [self._factor(block, shift) for block in self._blocks]
        if any(bool(failed.any()) for _, failed in factors):
            return None
        both = torch.vstack([self._rows, right])
        whitened = torch.cat(
            [
                torch.linalg.solve_triangular(lower, both.T[block], upper=False).flatten(0, 1)
                for block, (lower, _) in zip(self._blocks, factors, strict=True)
            ]
        )
        w, g = whitened[:, :-1], whitened[:, -1:]
        small = w.T @ w
        small.diagonal().add_(1.0)
        factor, failed = torch.linalg.cholesky_ex(small)
        if int(failed) != 0:
            return None
        return self._unwhitened(g - w @ torch.cholesky_solve(w.T @ g, factor), [lower for lower, _ in factors])

    def _factor(self, block: Tensor, shift: Vector) -> tuple[Tensor, Tensor]:
        matrix = self._penalty[block[:, :, None], block[:, None, :]] + torch.diag_embed(shift[block])
        return torch.linalg.cholesky_ex(matrix)  # type: ignore[no-any-return]

    def _unwhitened(self, vector: Tensor, factors: list[Tensor]) -> Vector:
        """Gives L^-T v, put back into the order of the parameters."""
        result = vector.new_empty(len(vector))
        start = 0
        for block, lower in zip(self._blocks, factors, strict=True):
            part = vector[start : start + block.numel()].view(*block.shape, 1)
            result[block] = torch.linalg.solve_triangular(lower.mT, part, upper=True).squeeze(-1)
            start += block.numel()
        return result
