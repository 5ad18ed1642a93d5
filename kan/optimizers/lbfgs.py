"""L-BFGS on all rows, block by block: for networks too large for a matrix of parameters by parameters."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from kan.cost import LBFGS_HISTORY
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.objective import objective
from kan.optimizers.protocol import Step

# A step must gain this share of what the slope promises, and leave at most this share of the slope.
SUFFICIENT_GAIN = 1e-4
REMAINING_SLOPE = 0.9
MOST_TRIALS = 30

Vector = Float[Tensor, " p"]
Point = tuple[float, float, Vector]


class Lbfgs:
    """Steps along -H g, H from the last pairs of moves and changes of the gradient.

    What it remembers holds for one function only: where the knots have changed since the last step, it starts anew.

    Args:
        network: changed in place.
        loss, x, y: as for Levenberg-Marquardt.
        penalty: gives R w for the weights w; 0.5 * w' R w is added to the mean loss.
        tolerance: relative gain of a step below which it has converged.

    Source: Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5; the line search is the bisection of
    Lewis and Overton, Nonsmooth optimization via quasi-Newton methods (2013), algorithm 2.6.
    """

    name = "lbfgs"

    def __init__(
        self,
        network: Kan,
        loss: Loss,
        x: Tensor,
        y: Tensor,
        *,
        penalty: Callable[[Vector], Vector],
        tolerance: float = 1e-9,
    ) -> None:
        self._network, self._loss, self._x, self._y = network, loss, x, y
        self._penalty, self._tolerance = penalty, tolerance
        self._moves: list[Tensor] = []
        self._changes: list[Tensor] = []
        self._here: Point | None = None
        self._knots = _knots(network)
        self._objective = objective(network, loss, x, y)

    @property
    def remembered(self) -> int:
        """Pairs that the next step builds on."""
        return len(self._moves)

    def step(self) -> Step:
        """Searches along one direction; a direction without a gain is refused and its history forgotten."""
        if not torch.equal(self._knots, _knots(self._network)):
            self._forget()
        weights = parameter_vector(self._network)
        here = self._here if self._here is not None else self._evaluate(weights)
        if not math.isfinite(here[0]):
            return Step(here[0], moved=False, converged=False)
        direction = self._direction(here[2])
        found = self._search(weights, here, direction)
        if found is None:
            set_parameters(self._network, weights)
            hopeless = not self._moves
            self._forget()
            return Step(here[0], moved=False, converged=hopeless)
        length, there = found
        self._remember(length * direction, there[2] - here[2])
        self._here = there
        return Step(there[0], moved=True, converged=here[1] - there[1] < self._tolerance * abs(here[1]))

    def recover(self) -> None:
        """Forgets the history, so that the next step is along the gradient and short."""
        self._forget()

    def snapshot(self) -> dict[str, Tensor]:
        """Gives weights, knots and the remembered pairs; loss and gradient are computed again, to the same bits."""
        weights = parameter_vector(self._network)
        empty = weights.new_zeros(0, len(weights))
        moves, changes = (torch.stack(v) if v else empty.clone() for v in (self._moves, self._changes))
        return {"weights": weights, "knots": self._knots.clone(), "moves": moves, "changes": changes}

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        set_parameters(self._network, snapshot["weights"])
        self._moves = [move.clone() for move in snapshot["moves"]]
        self._changes = [change.clone() for change in snapshot["changes"]]
        self._knots, self._here = snapshot["knots"].clone(), None
        self._objective = objective(self._network, self._loss, self._x, self._y)

    def _forget(self) -> None:
        self._moves, self._changes, self._here = [], [], None
        if not torch.equal(self._knots, _knots(self._network)):
            self._knots = _knots(self._network)
            self._objective = objective(self._network, self._loss, self._x, self._y)

    def _remember(self, move: Vector, change: Vector) -> None:
        # Rounding can spoil the curvature that the line search saw; such a pair would make H indefinite.
        if float(move @ change) > 1e-14 * float(change @ change):
            self._moves, self._changes = [*self._moves, move], [*self._changes, change]
        self._moves, self._changes = self._moves[-LBFGS_HISTORY:], self._changes[-LBFGS_HISTORY:]

    def _direction(self, gradient: Vector) -> Vector:
        """Gives -H g by the two loops."""
        direction, shares = -gradient, []
        for move, change in zip(self._moves[::-1], self._changes[::-1], strict=True):
            shares.append((move @ direction) / (move @ change))
            direction = direction - shares[-1] * change
        if self._moves:
            move, change = self._moves[-1], self._changes[-1]
            direction = direction * ((move @ change) / (change @ change))
        for move, change, share in zip(self._moves, self._changes, shares[::-1], strict=True):
            direction = direction + (share - (change @ direction) / (move @ change)) * move
        return direction

    def _search(self, weights: Vector, here: Point, direction: Vector) -> tuple[float, Point] | None:
        """Gives a length that meets both Wolfe conditions (or at least the first), None where there is none."""
        slope = float(here[2] @ direction)
        if not slope < 0.0:
            return None
        low, high, best = 0.0, math.inf, None
        length = 1.0 if self._moves else min(1.0, 1.0 / float(direction.norm()))
        for _ in range(MOST_TRIALS):
            there = self._evaluate(weights + length * direction)
            if not (there[1] < here[1] + SUFFICIENT_GAIN * length * slope):  # true of NaN as well
                high = length
            else:
                low, best = length, (length, there)
                if float(there[2] @ direction) >= REMAINING_SLOPE * slope:
                    return best
            length = 2.0 * low if math.isinf(high) else 0.5 * (low + high)
        if best is not None:
            set_parameters(self._network, weights + best[0] * direction)
        return best

    def _evaluate(self, weights: Vector) -> Point:
        """Gives mean loss, mean loss with penalty, and the latter's gradient; the network keeps the weights.

        The losses are NaN where the gradient is not finite.
        """
        set_parameters(self._network, weights)
        loss, gradient = self._objective.gradient(weights)
        loss = loss if bool(torch.isfinite(gradient).all()) else math.nan
        pull = self._penalty(weights)
        return loss, loss + 0.5 * float(weights @ pull), gradient + pull


def _knots(network: Kan) -> Tensor:
    return torch.cat([layer.knots.detach().flatten() for layer in network.kan_layers])
