"""Levenberg-Marquardt in float64 with the exact Jacobian, for networks of up to a few thousand numbers."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from kan.cost import PARAMETERS_PER_ROW
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.gauss_newton import QuadraticModel, RowModel
from kan.optimizers.normal_equations import ByParameters, ByRows, NormalEquations
from kan.optimizers.objective import objective
from kan.optimizers.protocol import Step
from kan.penalty import parameter_blocks

MAX_DAMPING = 1e12
MIN_DAMPING = 1e-14
FIRST_DAMPING = 1e-3
ACCEPTED_GAIN = 1e-4


class LevenbergMarquardt:
    """Steps by (A + R + mu D) d = g - R w, with Nielsen's rule for the damping mu.

    A is the Gauss-Newton matrix, R the penalty, D the diagonal of A + R raised by a little of its largest entry.

    Args:
        network: changed in place.
        loss, x, y: see `quadratic_model`.
        penalty: R, SHAPE (parameters, parameters), zero between the parameters of different edges.
        damping: first mu.
        tolerance: relative gain of an accepted step below which it has converged.

    Source: Madsen, Nielsen and Tingleff, Methods for non-linear least squares problems (2004), algorithm 3.16.
    """

    name = "lm"

    def __init__(
        self,
        network: Kan,
        loss: Loss,
        x: Tensor,
        y: Tensor,
        *,
        penalty: Float[Tensor, "p p"],
        damping: float = FIRST_DAMPING,
        tolerance: float = 1e-5,
    ) -> None:
        self._network, self._objective = network, objective(network, loss, x, y)
        self._penalty, self._tolerance = penalty, tolerance
        self._pull, self._constant = torch.zeros_like(penalty[0]), 0.0
        jacobian_rows = len(x) * network.widths[-1]
        self._by_rows = len(penalty) > PARAMETERS_PER_ROW * jacobian_rows
        self._blocks = parameter_blocks(network)
        self._damping, self._growth = damping, 2.0
        self._model: QuadraticModel | RowModel | None = None

    @property
    def damping(self) -> float:
        """The damping that the next step starts from."""
        return self._damping

    def step(self) -> Step:
        """Tries one step: takes it where the penalised loss gets smaller, else raises the damping."""
        weights = parameter_vector(self._network)
        if self._model is None:
            self._model = (self._objective.row_model if self._by_rows else self._objective.model)(weights)
        model = self._model
        if not model.is_finite:
            return Step(math.nan, moved=False, converged=False)
        gradient = model.descent - self._penalty @ weights + self._pull
        equations = self._equations(model)
        move = self._solve(equations, gradient)
        if move is None:
            return self._refuse(model.loss)
        cost = model.loss + self._penalty_of(weights)
        predicted = float(move @ gradient - 0.5 * (move @ equations.product(move)))
        loss, new_cost = self._try(weights + move)
        gain = (cost - new_cost) / max(predicted, 1e-300)
        if not (math.isfinite(new_cost) and new_cost < cost and gain > ACCEPTED_GAIN):
            set_parameters(self._network, weights)
            return self._refuse(model.loss)
        set_parameters(self._network, weights + move)
        self._damping = max(self._damping * max(0.2, 1.0 - (2.0 * gain - 1.0) ** 3), MIN_DAMPING)
        self._growth, self._model = 2.0, None
        return Step(loss, moved=True, converged=cost - new_cost < self._tolerance * abs(cost))

    def put_weights(self, weights: Float[Tensor, " p"]) -> None:
        """Goes on from other weights."""
        set_parameters(self._network, weights)
        self._model = None

    def put_penalty(self, penalty: Float[Tensor, "p p"], pull: Float[Tensor, " p"], constant: float) -> None:
        """Goes on with another penalty, 0.5 * w' R w - pull' w + constant."""
        self._penalty, self._pull, self._constant = penalty, pull, constant
        if self._damping > MAX_DAMPING:
            # What was hopeless under the penalty before need not be so any longer.
            self._damping, self._growth = FIRST_DAMPING, 2.0

    def recover(self) -> None:
        """Computes the model anew and takes a shorter step."""
        self._damping, self._growth, self._model = max(10.0 * self._damping, FIRST_DAMPING), 2.0, None

    def snapshot(self) -> dict[str, Tensor]:
        """Gives weights and damping; the quadratic model is computed again, to the same bits."""
        scalars = torch.tensor([self._damping, self._growth], dtype=torch.float64)
        return {"weights": parameter_vector(self._network), "damping": scalars}

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        set_parameters(self._network, snapshot["weights"])
        self._damping, self._growth = (float(value) for value in snapshot["damping"])
        self._model = None

    def _equations(self, model: QuadraticModel | RowModel) -> NormalEquations:
        if isinstance(model, RowModel):
            return ByRows(model, self._penalty, self._blocks)
        return ByParameters(model, self._penalty)

    def _solve(self, equations: NormalEquations, gradient: Tensor) -> Tensor | None:
        """Solves the damped system; None where rounding made it indefinite."""
        diagonal = equations.diagonal()
        shift = self._damping * (diagonal + 1e-4 * diagonal.max()) + equations.least_shift * diagonal.max()
        return equations.solve(shift, gradient)

    def _try(self, weights: Tensor) -> tuple[float, float]:
        loss = self._objective.mean_loss(weights)
        return loss, loss + self._penalty_of(weights)

    def _penalty_of(self, weights: Tensor) -> float:
        return 0.5 * float(weights @ (self._penalty @ weights)) - float(self._pull @ weights) + self._constant

    def _refuse(self, loss: float) -> Step:
        self._damping = max(self._damping * self._growth, MIN_DAMPING)
        self._growth *= 2.0
        return Step(loss, moved=False, converged=self._damping > MAX_DAMPING)
