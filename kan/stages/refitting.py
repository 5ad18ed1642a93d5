"""A frozen network fitted anew for a few steps: how an edit is judged once all other numbers have had their say."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch

from kan.move_grid import move_grids
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.problem import Problem, Rows
from kan.stages.smooth import levenberg_marquardt
from kan.state import NetworkState
from kan.train import TrainStep, train

T = TypeVar("T")


@dataclass(frozen=True)
class Refitted:
    """A network after some steps.

    Attributes:
        state: the network.
        held: mean loss of the validation rows; infinite where an output is not finite.
    """

    state: NetworkState
    held: float


RefitRun = Generator[TrainStep, None, Refitted]


@dataclass(frozen=True)
class Refitting:
    """The rows and penalties that every trial of one stage shares.

    Attributes:
        problem: the rows; the training rows teach and the validation rows judge.
        rows: those that teach.
        curvature, slope: penalties of all splines.
        degree: of the splines of new networks.
    """

    problem: Problem
    rows: Rows
    curvature: float = 0.0
    slope: float = 0.0
    degree: int = 3

    def run(self, state: NetworkState, steps: int, *, moves_grids: bool = False) -> RefitRun:
        """Fits a network for at most so many steps of Levenberg-Marquardt.

        Args:
            moves_grids: lay hidden grids over what reaches them first.
        """
        network = Kan.from_state(state).to(self.problem.x.device)
        x, y = self.problem.at(self.rows)
        if moves_grids:
            move_grids(network, x)
        loss = self.problem.loss
        optimizer = levenberg_marquardt(network, loss, x, y, curvature=self.curvature, slope=self.slope)
        yield from train(network, optimizer, loss, steps=steps)
        return self.judged(_like(state, network.state()))

    def judged(self, state: NetworkState) -> Refitted:
        """Gives a network with its loss on the validation rows."""
        loss = mean_loss(Kan.from_state(state), self.problem.loss, *self.problem.at(self.problem.validation))
        return Refitted(state, loss if np.isfinite(loss) else float("inf"))

    def variance(self) -> float:
        """Gives the loss of the best constant on the validation rows, at least a tiny number."""
        _, y = self.problem.at(self.problem.validation)
        spread = (y - y.mean(0)).square().sum(1).mean() / 2 if self.problem.loss.name == "mse" else torch.tensor(1.0)
        return max(float(spread), 1e-300)


def counted(run: Generator[TrainStep, None, T], expected: int) -> Generator[TrainStep, None, T]:
    """Gives the same run with its steps counted through; where they are more than expected, the count waits."""
    count = 0
    while True:
        try:
            step = next(run)
        except StopIteration as stop:
            result: T = stop.value
            return result
        count = min(count + 1, expected - 1)
        yield replace(step, step=count, steps=expected)


def _like(before: NetworkState, after: NetworkState) -> NetworkState:
    """Gives the network with what training does not know of: encoding and origin."""
    return replace(after, encoding=before.encoding, origin={**after.origin, **before.origin})
