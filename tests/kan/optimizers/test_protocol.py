"""What a training makes of the fields of a step."""

import torch

from kan.jacobian import parameter_vector, set_parameters
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.protocol import Step
from kan.train import Held, train
from tests.kan.training import uniform


class Scripted:
    """An optimizer whose network takes the given values, each with its penalty."""

    name = "scripted"

    def __init__(self, network: Kan, script: list[tuple[float, float]]) -> None:
        self._network, self._script = network, iter(script)

    def step(self) -> Step:
        value, penalty = next(self._script)
        set_parameters(self._network, torch.full_like(parameter_vector(self._network), value))
        return Step(value, moved=True, converged=False, penalty=penalty)

    def recover(self) -> None:
        raise AssertionError("every step is finite")

    def snapshot(self) -> dict[str, torch.Tensor]:
        return {}

    def restore(self, snapshot: dict[str, torch.Tensor]) -> None:
        raise AssertionError("nothing is resumed")


def test_penalty_decides_with_the_held_loss_which_weights_are_best() -> None:
    network, x = Kan([2, 1]), uniform(30, 2)
    held = Held(x, torch.zeros(30, 1, dtype=torch.float64))
    scripted = Scripted(network, [(3.0, 9.0), (1.0, 1e6), (2.0, 0.0)])
    steps = list(train(network, scripted, SquaredError(), steps=3, held=held))
    assert float(parameter_vector(network)[0]) == 2.0
    # What is told is the loss without it.
    assert all(step.validation_loss is not None and step.validation_loss < 1e3 for step in steps)
