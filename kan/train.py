"""The loop: an optimizer steps until it converges, gets no better or runs out of steps; resumable at every step."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from kan.errors import is_out_of_memory
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import Loss
from kan.network import Kan
from kan.optimizers.objective import objective
from kan.optimizers.protocol import Optimizer, Step

Tensors = dict[str, Tensor]
# Steps with a loss or gradient that is not finite, in one training, after which it has diverged.
MOST_FAILURES = 10


class Outcome(StrEnum):
    """How a training ended; each is expected, none is an exception.

    Snapshots hold a member's place in this list: a new one goes to the end.
    """

    CONVERGED = "converged"
    MAX_STEPS = "max_steps"
    EARLY_STOPPED = "early_stopped"
    DIVERGED = "diverged"
    NON_FINITE_DATA = "non_finite_data"
    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True)
class TrainStep:
    """Where a loop stands: step of steps, mean losses without penalty; the validation loss is the last one judged."""

    step: int
    steps: int
    train_loss: float
    validation_loss: float | None = None


@dataclass(frozen=True)
class Held:
    """Rows that judge but do not teach.

    Attributes:
        x, y: as the optimizer has them.
        every: steps from one judgement to the next; the last step is always judged.
    """

    x: Tensor
    y: Tensor
    every: int = 1


def train(
    network: Kan,
    optimizer: Optimizer,
    loss: Loss,
    *,
    steps: int,
    held: Held | None = None,
    patience: int | None = None,
    resume: Tensors | None = None,
    register: Callable[[Callable[[], Tensors]], None] | None = None,
) -> Generator[TrainStep, None, Outcome]:
    """Steps the optimizer; leaves in `network` the weights that are best on the held rows (without them: the last).

    After a step whose loss or gradient is not finite it goes on more carefully from the weights where one last was.

    Args:
        steps: at most.
        held: rows for the choice of the best weights.
        patience: steps without a better held loss before it stops; the held rows judge at least as often.
        resume: a snapshot to go on from.
        register: told how to take a snapshot at any step's end.

    Returns:
        the outcome; after DIVERGED and OUT_OF_MEMORY the network holds the last good weights.
    """
    loop = _Loop(network, optimizer, loss, held, best=parameter_vector(network))
    if resume is not None:
        # A run may go on on another device than it began on.
        loop.restore({key: value.to(loop.best.device) for key, value in resume.items()})
    if register is not None:
        register(loop.snapshot)
    while loop.ended is None and loop.count < steps:
        step = loop.step(patience, steps)
        if step is not None:
            yield TrainStep(loop.count, steps, step.loss, loop.latest)
    outcome = loop.ended or Outcome.MAX_STEPS
    if held is not None or outcome in (Outcome.DIVERGED, Outcome.OUT_OF_MEMORY):
        set_parameters(network, loop.best)
    return outcome


class _Loop:
    """The counters of one loop and the best weights so far."""

    def __init__(self, network: Kan, optimizer: Optimizer, loss: Loss, held: Held | None, best: Tensor) -> None:
        self._network, self._optimizer = network, optimizer
        self._held = None if held is None else objective(network, loss, held.x, held.y)
        self.count, self.best_step = 0, 0
        self._every = 1 if held is None else held.every
        self.best, self.best_loss = best, math.inf
        self.latest: float | None = None
        self._before = self._good = best
        self._failures = 0
        self.ended: Outcome | None = None

    def step(self, patience: int | None, steps: int) -> Step | None:
        """Makes a step and judges it where one is due; None where memory ran out, which ends the loop."""
        try:
            self._before = parameter_vector(self._network)
            step = self._optimizer.step()
            self._note(step, patience, steps)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self.ended = Outcome.OUT_OF_MEMORY
            return None
        return step

    def _note(self, step: Step, patience: int | None, steps: int) -> None:
        """Counts a step, keeps the weights if they are the best, and decides whether it was the last one."""
        self.count += 1
        weights = parameter_vector(self._network)
        if not (math.isfinite(step.loss) and bool(torch.isfinite(weights).all())):
            self._recover()
            return
        # Where the step began, loss and gradient were finite; of where it ended only the next one tells.
        self._good = self._before
        every = self._every if patience is None else max(1, min(self._every, patience))
        if self.count % every == 0 or self.count == steps or step.converged:
            self._keep_best(weights, step.penalty)
            self.ended = self._outcome(step, patience)

    def _recover(self) -> None:
        """Puts the last good weights back; the optimizer goes on more carefully, but not for ever."""
        self._failures += 1
        set_parameters(self._network, self._good)
        self._optimizer.recover()
        if self._failures > MOST_FAILURES:
            self.ended = Outcome.DIVERGED
            self.best = self._good if self._held is None else self.best

    def _keep_best(self, weights: Tensor, penalty: float) -> None:
        if self._held is None:
            self.best = weights
            return
        self.latest = self._held.mean_loss(weights)
        if self.latest + penalty < self.best_loss:
            self.best, self.best_loss, self.best_step = weights, self.latest + penalty, self.count

    def _outcome(self, step: Step, patience: int | None) -> Outcome | None:
        if step.converged:
            return Outcome.CONVERGED
        if patience is not None and self._held is not None and self.count - self.best_step >= patience:
            return Outcome.EARLY_STOPPED
        return None

    def snapshot(self) -> Tensors:
        # A step that ends the loop is the last one after a resumption too.
        ended = -1 if self.ended is None else list(Outcome).index(self.ended)
        numbers = [self.count, self.best_step, self.best_loss, ended, self._failures]
        counters = torch.tensor(numbers, dtype=torch.float64)
        inner = {f"optimizer.{key}": value for key, value in self._optimizer.snapshot().items()}
        return {"counters": counters, "best": self.best, "good": self._good, **inner}

    def restore(self, snapshot: Tensors) -> None:
        count, best_step, self.best_loss, ended, failures = (float(value) for value in snapshot["counters"])
        self.ended = None if ended < 0 else list(Outcome)[int(ended)]
        self.count, self.best_step, self._failures = int(count), int(best_step), int(failures)
        self.best, self._good = snapshot["best"], snapshot["good"]
        prefix = "optimizer."
        self._optimizer.restore({k.removeprefix(prefix): v for k, v in snapshot.items() if k.startswith(prefix)})
