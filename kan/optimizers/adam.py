"""AdamW on mini-batches: the optimizer for networks and tables that are too large for Levenberg-Marquardt."""

import math

import torch
from torch import Tensor

from kan.jacobian import parameter_vector, set_parameters
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.objective import coarsest_arithmetic, objective
from kan.optimizers.protocol import Step

BETAS = (0.9, 0.999)
EPSILON = 1e-8
# After a loss or gradient that was not finite.
LOWERED_RATE = 0.5


class Adam:
    """One step = one mini-batch drawn without replacement, epoch by epoch, with a cosine learning rate.

    Args:
        network: changed in place.
        loss, x, y: as for Levenberg-Marquardt.
        steps: length of the cosine.
        batch_size: rows of a batch.
        learning_rate: the largest one.
        seed: order of the rows; a step's batch depends on seed and step alone, so a snapshot needs no generator state.

    Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2.
    """

    name = "adam"

    def __init__(
        self,
        network: Kan,
        loss: Loss,
        x: Tensor,
        y: Tensor,
        *,
        steps: int,
        batch_size: int,
        learning_rate: float,
        seed: int,
    ) -> None:
        self._network = network
        self._objective = objective(network, loss, x, y, arithmetic=coarsest_arithmetic(network))
        self._rows, self._device = len(x), x.device
        self.batch_size = min(batch_size, len(x))
        self._steps, self._learning_rate = steps, learning_rate
        self._seed, self._count = seed, 0
        # The count at which the moments were last zero, and the share of the learning rate that failures left.
        self._origin, self._share = 0, 1.0
        self._first = torch.zeros_like(parameter_vector(network))
        self._second = torch.zeros_like(self._first)
        self._epoch = -1
        self._order = torch.arange(0, dtype=torch.int32)

    def step(self) -> Step:
        """Moves along the gradient of one batch."""
        weights = parameter_vector(self._network)
        loss, gradient = self._objective.gradient(weights, self._batch())
        self._count += 1
        if not (math.isfinite(loss) and bool(torch.isfinite(gradient).all())):
            return Step(math.nan, moved=False, converged=False)
        self._move(weights, gradient)
        return Step(loss, moved=True, converged=False)

    def recover(self) -> None:
        """Lowers the rate and drops the moments, which may hold what was not finite."""
        self._share *= LOWERED_RATE
        self._origin = self._count
        self._first, self._second = torch.zeros_like(self._first), torch.zeros_like(self._second)

    def snapshot(self) -> dict[str, Tensor]:
        """Gives weights, moments, the counts and the share of the learning rate."""
        return {
            "weights": parameter_vector(self._network),
            "moments": torch.stack([self._first, self._second]),
            "counts": torch.tensor([self._count, self._origin]),
            "share": torch.tensor(self._share, dtype=torch.float64),
        }

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        set_parameters(self._network, snapshot["weights"])
        self._first, self._second = (moment.clone() for moment in snapshot["moments"])
        self._count, self._origin = (int(count) for count in snapshot["counts"])
        self._share = float(snapshot["share"])

    def _batch(self) -> Tensor:
        per_epoch = max(self._rows // self.batch_size, 1)
        epoch, position = divmod(self._count, per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed((self._seed * 1_000_003 + epoch) % 2**63)
            self._order, self._epoch = torch.randperm(self._rows, generator=generator, dtype=torch.int32), epoch
        rows = self._order[position * self.batch_size : (position + 1) * self.batch_size]
        return rows.long().to(self._device)

    def _move(self, weights: Tensor, gradient: Tensor) -> None:
        age = self._count - self._origin
        self._first.lerp_(gradient, 1 - BETAS[0])
        self._second.lerp_(gradient.square(), 1 - BETAS[1])
        mean = self._first / (1 - BETAS[0] ** age)
        spread = (self._second / (1 - BETAS[1] ** age)).sqrt()
        rate = self._share * self._learning_rate * 0.5 * (1 + math.cos(math.pi * self._count / (self._steps + 1)))
        set_parameters(self._network, weights - rate * mean / (spread + EPSILON))
