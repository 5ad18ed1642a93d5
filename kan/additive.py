"""Networks without a hidden layer: linear in the weights, so the features are computed once for all steps."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from kan.jacobian import parameter_vector, set_parameters
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.gauss_newton import QuadraticModel
from kan.optimizers.output_blocks import weighted_products
from kan.optimizers.protocol import Step

HALVINGS = 12
JITTER = 1e-12


class AdditiveRows:
    """Rows as the features of a network [inputs, outputs], and the loss as a function of its weights.

    Args:
        network: of one layer; gives the features, its weights are not used.
        loss, x, y: as for `quadratic_model`.
    """

    def __init__(self, network: Kan, loss: Loss, x: Tensor, y: Tensor) -> None:
        (layer,) = network.kan_layers
        self.loss, self._y = loss, y
        with torch.no_grad():
            self._features = layer.design(x).values
        self._shape = (layer.features, layer.outputs)
        self._constant: Tensor | None = None

    def mean_loss(self, weights: Float[Tensor, " p"]) -> float:
        """Gives the mean loss of the rows."""
        return float(self.loss.rows(self._outputs(weights), self._y).mean())

    def quadratic_model(self, weights: Float[Tensor, " p"]) -> QuadraticModel:
        """Gives loss, descent direction and Hessian; block by block, for the Hessian of a row is F' W F.

        Source: the pairs of outputs c, d cost rows * features^2 each; seeds of whole rows would cost K^2 times that.
        """
        outputs, rows = self._outputs(weights), len(self._y)
        pull = self.loss.descent(outputs, self._y)
        descent = (self._features.T @ pull / rows).flatten()
        return QuadraticModel(float(self.loss.rows(outputs, self._y).mean()), descent, self._matrix(outputs))

    def _outputs(self, weights: Tensor) -> Tensor:
        return self._features @ weights.view(self._shape)

    def _matrix(self, outputs: Tensor) -> Tensor:
        if self._constant is not None:
            return self._constant
        count, size = len(outputs), self._features.shape[1] * outputs.shape[1]
        matrix = (
            weighted_products(self._features, self._features, self.loss.curvature(outputs)).view(size, size) / count
        )
        if self.loss.name == "mse":
            self._constant = matrix
        return matrix


class Newton:
    """Newton's method with halved steps for the convex loss of an additive network and a quadratic penalty R.

    Args:
        network: changed in place.
        rows: its features and targets.
        penalty: R, SHAPE (parameters, parameters).
        tolerance: relative gain of a step below which it has converged.

    Source: Nocedal and Wright, Numerical Optimization, sections 3.1 and 3.3.
    """

    name = "newton"

    def __init__(self, network: Kan, rows: AdditiveRows, penalty: Tensor, tolerance: float = 1e-5) -> None:
        self._network, self._rows, self._penalty, self._tolerance = network, rows, penalty, tolerance

    def step(self) -> Step:
        """Goes to the minimum of the quadratic model, or half as far until the penalised loss gets smaller."""
        weights = parameter_vector(self._network)
        model = self._rows.quadratic_model(weights)
        if not model.is_finite:
            return Step(math.nan, moved=False, converged=False)
        gradient = model.descent - self._penalty @ weights
        system = model.matrix + self._penalty
        system.diagonal().add_(JITTER * system.diagonal().mean())
        move = torch.cholesky_solve(gradient.unsqueeze(1), torch.linalg.cholesky(system)).squeeze(1)
        cost = model.loss + self._penalised(weights)
        for _ in range(HALVINGS):
            new_cost = self._rows.mean_loss(weights + move) + self._penalised(weights + move)
            if new_cost < cost:
                set_parameters(self._network, weights + move)
                return Step(model.loss, moved=True, converged=cost - new_cost < self._tolerance * abs(cost))
            move = move / 2
        return Step(model.loss, moved=False, converged=True)

    def recover(self) -> None:
        """Has nothing to change: the loss is convex, and its step remembers nothing."""

    def snapshot(self) -> dict[str, Tensor]:
        """Gives the weights, all that a step depends on."""
        return {"weights": parameter_vector(self._network)}

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        set_parameters(self._network, snapshot["weights"])

    def _penalised(self, weights: Tensor) -> float:
        return 0.5 * float(weights @ (self._penalty @ weights))
