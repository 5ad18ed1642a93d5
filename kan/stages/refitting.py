"""A frozen network fitted anew for a few steps: how an edit is judged once all other numbers have had their say."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kan.jacobian import parameter_count
from kan.move_grid import move_grids
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import Problem, Rows
from kan.stages.smooth import levenberg_marquardt
from kan.state import Array, NetworkState
from kan.train import TrainStep, train

T = TypeVar("T")

# Standard errors of a number that noise may have made.
HIDDEN_ERRORS = 2.0
# Of the median squared error: an error of five standard deviations, were they normal.
FAR = 25.0 / 0.4549


@dataclass(frozen=True)
class Refitted:
    """A network after some steps.

    Attributes:
        state: the network.
        held: mean loss of the validation rows; infinite where an output is not finite.
        rows: (validation rows,) the loss of each.
        far: the loss above which a row is far off, as few are.
    """

    state: NetworkState
    held: float
    rows: Float[Tensor, " rows"]
    far: float = float("inf")


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
        x, y = self.problem.at(self.problem.validation)
        rows = self.problem.loss.rows(network_outputs(Kan.from_state(state).to(x.device), x), y)
        loss = float(rows.mean())
        far = FAR * float(rows.median()) if self.problem.loss.name == "mse" else float("inf")
        return Refitted(state, loss if np.isfinite(loss) else float("inf"), rows, far)

    def is_hidden(self, trial: Refitted, before: Refitted) -> bool:
        """Says whether noise hides a change from the rows that teach: what a number of two standard errors would gain.

        The held-out rows cannot say that of a small change: theirs come out either way.
        """
        x, y = self.problem.at(self.rows)
        losses = [
            float(self.problem.loss.rows(network_outputs(Kan.from_state(held.state).to(x.device), x), y).sum())
            for held in (trial, before)
        ]
        noise = before.held / self.problem.outputs if self.problem.loss.name == "mse" else 0.5
        return losses[0] - losses[1] <= HIDDEN_ERRORS**2 * noise

    def step_cost(self, state: NetworkState) -> float:
        """Gives how many multiplications a step takes, about."""
        return len(self.rows) * state.widths[-1] * parameter_count(Kan.from_state(state)) ** 2

    def inputs(self) -> Array:
        """Gives the inputs of the rows that teach, (rows, inputs)."""
        x: Array = self.problem.at(self.rows)[0].cpu().numpy()
        return x

    def variance(self) -> float:
        """Gives the loss of the best constant on the validation rows, at least a tiny number."""
        _, y = self.problem.at(self.problem.validation)
        spread = (y - y.mean(0)).square().sum(1).mean() / 2 if self.problem.loss.name == "mse" else torch.tensor(1.0)
        return max(float(spread), 1e-300)


def is_level(trial: Refitted, other: Refitted, errors: float = 1.0) -> bool:
    """Says whether a network is worse on the validation rows by no more than so many standard errors.

    Of the difference, row by row: what both get wrong does not hide it. And once more without what is far off: one row
    where the other network is wrong by much would hide that it is better on all others.
    """
    near = trial.rows.clamp(max=other.far) - other.rows.clamp(max=other.far)
    return all(
        bool(apart.mean() <= errors * apart.std() / len(apart) ** 0.5) for apart in (trial.rows - other.rows, near)
    )


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
