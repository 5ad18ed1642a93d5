"""What every optimizer offers to the training loop."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Step:
    """What one step did.

    Attributes:
        loss: mean loss of the training rows, without penalty; not finite where the loss or its gradient is not.
        moved: False where the step was refused and the network is unchanged.
        converged: no further step can help.
        penalty: what to add to the loss on other rows where it decides between the weights of different steps.
    """

    loss: float
    moved: bool
    converged: bool
    penalty: float = 0.0


class Optimizer(Protocol):
    """Moves a network step by step; its snapshot, put back, goes on as if nothing had happened."""

    name: str

    def step(self) -> Step:
        """Makes one step."""
        ...

    def recover(self) -> None:
        """Goes on more carefully, from the weights that the network holds now, after a step that was not finite."""
        ...

    def snapshot(self) -> dict[str, Tensor]:
        """Gives all that the next step depends on."""
        ...

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Goes back to a snapshot."""
        ...
