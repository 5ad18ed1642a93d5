"""Levenberg-Marquardt under constraints: edges that keep their shape at every step, not only at the end.

An edge's coefficients are sums of steps, or of steps of the slope, that may not be negative; those at zero which the
loss would draw below it are held there, and the others are solved for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kan.config_constraints import Constraint
from kan.constraints import shape_matrix
from kan.jacobian import parameter_vector
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.normal_equations import ByParameters, NormalEquations
from kan.optimizers.protocol import Step
from kan.penalty import edge_blocks

# A step by less than this share of the largest one is none.
ROUNDING = 1e-13


@dataclass(frozen=True)
class ShapedEdge:
    """An edge in its own coordinates: coefficients = matrix @ steps.

    Attributes:
        places: (n,) of its coefficients in the parameter vector.
        matrix: (n, n) from steps to coefficients.
        free: how many of the steps may have either sign, the first ones.
    """

    places: Int[Tensor, " n"]
    matrix: Float[Tensor, "n n"]
    free: int


class ConstrainedLevenbergMarquardt(LevenbergMarquardt):
    """Levenberg-Marquardt whose steps leave the constraints as they are: kept.

    Args:
        network: changed in place; its edges have their shapes already, see `kan.constraints.constrained`.
        loss, x, y: as for Levenberg-Marquardt, and so its other options.
        constraints: of live splines.

    Source: Bertsekas, Projected Newton methods for optimization problems with simple constraints (1982).
    """

    def __init__(
        self, network: Kan, loss: Loss, x: Tensor, y: Tensor, constraints: Sequence[Constraint], **options: Any
    ) -> None:
        super().__init__(network, loss, x, y, **options)
        # What is held is held in the matrix of parameters.
        self._by_rows = False
        self._edges, self._still = _shaped_edges(network, constraints)

    def step(self) -> Step:
        """Tries one step, and takes what rounding left out of the shapes away."""
        step = super().step()
        if step.moved:
            self._settle()
        return step

    def _solve(self, equations: NormalEquations, gradient: Tensor) -> Tensor | None:
        assert isinstance(equations, ByParameters)
        steps, bounded = self._coordinates(parameter_vector(self._network))
        matrix, pull = equations.matrix.clone(), gradient.clone()
        for edge in self._edges:
            matrix[:, edge.places] = matrix[:, edge.places] @ edge.matrix
            matrix[edge.places] = edge.matrix.T @ matrix[edge.places]
            pull[edge.places] = edge.matrix.T @ pull[edge.places]
        diagonal = matrix.diagonal().clone()
        shift = self._damping * (diagonal + 1e-4 * diagonal.max()) + equations.least_shift * diagonal.max()
        matrix.diagonal().add_(shift)
        move = _bounded_move(matrix, pull, steps, bounded, self._still)
        if move is not None:
            for edge in self._edges:
                move[edge.places] = edge.matrix @ move[edge.places]
        return move

    def _coordinates(self, weights: Tensor) -> tuple[Float[Tensor, " p"], Bool[Tensor, " p"]]:
        """Gives the weights with steps in the place of shaped coefficients, and which may not be negative."""
        steps, bounded = weights.clone(), torch.zeros_like(weights, dtype=torch.bool)
        for edge in self._edges:
            found = torch.linalg.solve(edge.matrix, weights[edge.places])
            found[edge.free :] = found[edge.free :].clamp_min(0.0)
            steps[edge.places] = torch.where(found.abs() > ROUNDING * found.abs().max(), found, 0.0)
            bounded[edge.places[edge.free :]] = True
        return steps, bounded

    def _settle(self) -> None:
        weights = parameter_vector(self._network)
        steps, _ = self._coordinates(weights)
        for edge in self._edges:
            weights[edge.places] = edge.matrix @ steps[edge.places]
        self.put_weights(weights)


def _bounded_move(
    matrix: Float[Tensor, "p p"],
    pull: Float[Tensor, " p"],
    steps: Float[Tensor, " p"],
    bounded: Bool[Tensor, " p"],
    still: Bool[Tensor, " p"],
) -> Float[Tensor, " p"] | None:
    """Solves for a move after which no bounded step is negative; None where rounding made the matrix indefinite."""
    moving = ~still & ~(bounded & (steps <= 0) & (pull < 0))
    move = torch.zeros_like(pull)
    while True:
        inner = matrix[moving][:, moving]
        factor, failed = torch.linalg.cholesky_ex(inner)
        if int(failed) != 0:
            return None
        right = pull[moving] - matrix[moving][:, ~moving] @ move[~moving]
        move[moving] = torch.cholesky_solve(right.unsqueeze(1), factor).squeeze(1)
        below = moving & bounded & (steps + move < 0)
        if not bool(below.any()):
            return move
        move[below] = -steps[below]
        moving = moving & ~below


def _shaped_edges(network: Kan, constraints: Sequence[Constraint]) -> tuple[list[ShapedEdge], Bool[Tensor, " p"]]:
    """Gives the edges, and the base weights that must stay zero: a base branch both falls and rises."""
    state, blocks, edges = network.state(), list(edge_blocks(network)), []
    still = torch.zeros_like(parameter_vector(network), dtype=torch.bool)
    for constraint in constraints:
        if constraint.kind == "zero":
            continue
        place = network.kan_layers[constraint.layer].numbers.index(constraint.source)
        block = blocks[constraint.layer]
        matrix, free = shape_matrix(state.layers[constraint.layer], constraint.source, constraint.kind)
        places = block.edges[place, constraint.target]
        edges.append(ShapedEdge(places, torch.from_numpy(matrix).to(network.kan_layers[0].weights), free))
        still[block.whole[place, constraint.target, len(places) :]] = True
    return edges, still
