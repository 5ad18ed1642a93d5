"""The loop's ends, each as a value, and its resumption after every single step."""

import math
from collections.abc import Callable, Container, Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kan.errors import is_out_of_memory
from kan.jacobian import parameter_vector, set_parameters
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.adam import Adam
from kan.optimizers.gauss_newton import QuadraticModel, mean_loss
from kan.optimizers.lbfgs import Lbfgs
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.objective import Objective
from kan.optimizers.protocol import Optimizer, Step
from kan.train import MOST_FAILURES, Held, Outcome, Tensors, TrainStep, train
from tests.kan.training import finish, uniform

X, HELD_X = uniform(60, 2), uniform(30, 2, seed=1)
Y, HELD_Y = torch.sin(3 * X[:, :1]), torch.sin(3 * HELD_X[:, :1])
HELD = Held(HELD_X, HELD_Y)


def lm(network: Kan, tolerance: float = 1e-9) -> Optimizer:
    penalty = 1e-9 * torch.eye(len(parameter_vector(network)), dtype=torch.float64)
    return LevenbergMarquardt(network, SquaredError(), X, Y, penalty=penalty, tolerance=tolerance)


def adam(network: Kan) -> Optimizer:
    return Adam(network, SquaredError(), X, Y, steps=40, batch_size=16, learning_rate=0.02, seed=0)


def lbfgs(network: Kan) -> Optimizer:
    return Lbfgs(network, SquaredError(), X, Y, penalty=lambda weights: 1e-9 * weights)


class Scripted:
    """An optimizer whose network takes the given values, one after the other."""

    name = "scripted"

    def __init__(self, network: Kan, values: list[float], *, converges: bool = False) -> None:
        self._network, self._values, self._converges = network, values, converges
        self._count = self.recoveries = 0

    def step(self) -> Step:
        value = self._values[min(self._count, len(self._values) - 1)]
        self._count += 1
        set_parameters(self._network, torch.full_like(parameter_vector(self._network), value))
        return Step(abs(value), moved=True, converged=self._converges and self._count >= len(self._values))

    def recover(self) -> None:
        self.recoveries += 1

    def snapshot(self) -> Tensors:
        return {"count": torch.tensor(self._count)}

    def restore(self, snapshot: Tensors) -> None:
        self._count = int(snapshot["count"])


def scripted(
    values: list[float], *, steps: int = 100, patience: int | None = None, held: bool = True, every: int = 1
) -> tuple[Outcome, float]:
    """The outcome and the weight that is left; the held loss is smallest at weight 0."""
    network = Kan([2, 1], base="zero")
    zero = Held(HELD_X, torch.zeros_like(HELD_Y), every) if held else None
    optimizer = Scripted(network, values)
    outcome = finish(train(network, optimizer, SquaredError(), steps=steps, held=zero, patience=patience))
    return outcome, float(parameter_vector(network)[0])


def test_best_weights_on_the_held_rows_are_left_and_without_them_the_last() -> None:
    assert scripted([3.0, 1.0, 2.0, 5.0], steps=4) == (Outcome.MAX_STEPS, 1.0)
    assert scripted([3.0, 1.0, 2.0], steps=3, held=False) == (Outcome.MAX_STEPS, 2.0)


def test_patience_ends_early() -> None:
    assert scripted([1.0, 2.0, 3.0, 4.0, 0.5], patience=3) == (Outcome.EARLY_STOPPED, 1.0)


def test_held_rows_judge_every_so_many_steps_at_the_last_and_as_often_as_patience_asks() -> None:
    assert scripted([0.5, 3.0, 1.0, 2.0, 2.5], steps=5, every=2) == (Outcome.MAX_STEPS, 2.0)
    assert scripted([0.5, 3.0, 1.0, 2.0, 1.5], steps=5, every=2) == (Outcome.MAX_STEPS, 1.5)
    assert scripted([1.0, 2.0, 3.0, 4.0, 0.5], patience=2, every=50) == (Outcome.EARLY_STOPPED, 2.0)


def test_loss_of_the_last_judgement_is_told() -> None:
    network, held = Kan([2, 1]), replace(HELD, every=2)
    told = [step.validation_loss for step in train(network, adam(network), SquaredError(), steps=5, held=held)]
    assert told[:2] == [None, told[2]]
    assert told[2] != told[3] != told[4]


def test_divergence_leaves_the_last_weights_that_a_step_was_finite_from() -> None:
    assert scripted([1.0, 2.0, float("nan")], held=False) == (Outcome.DIVERGED, 1.0)
    assert scripted([2.0, 1.0, float("inf")]) == (Outcome.DIVERGED, 1.0)


def test_divergence_at_the_first_step_leaves_the_start() -> None:
    outcome, weight = scripted([float("nan")], held=False)
    assert outcome is Outcome.DIVERGED
    assert weight == float(parameter_vector(Kan([2, 1], base="zero"))[0])


def test_a_step_that_is_not_finite_is_taken_back_and_the_optimizer_told() -> None:
    network = Kan([2, 1], base="zero")
    optimizer = Scripted(network, [1.0, 2.0, float("nan"), 4.0])
    run = train(network, optimizer, SquaredError(), steps=4)
    weights = [float(parameter_vector(network)[0]) for _ in run]
    assert weights == [1.0, 2.0, 1.0, 4.0]
    assert optimizer.recoveries == 1


class Poisoned:
    """An objective some of whose gradients and models, counted from 1, are not finite."""

    def __init__(self, inner: Objective, bad: Container[int]) -> None:
        self._inner, self._bad, self._count = inner, bad, 0

    def mean_loss(self, weights: Tensor) -> float:
        return self._inner.mean_loss(weights)

    def gradient(self, weights: Tensor, rows: Tensor | None = None) -> tuple[float, Tensor]:
        loss, gradient = self._inner.gradient(weights, rows)
        return loss, self._poison() * gradient

    def model(self, weights: Tensor) -> QuadraticModel:
        model = self._inner.model(weights)
        return replace(model, descent=self._poison() * model.descent)

    def _poison(self) -> float:
        self._count += 1
        return float("nan") if self._count in self._bad else 1.0


def poisoned(make: Callable[[Kan], Any], network: Kan, bad: Container[int]) -> Optimizer:
    optimizer = make(network)
    optimizer._objective = Poisoned(optimizer._objective, bad)
    return optimizer  # type: ignore[no-any-return]


OPTIMIZERS = pytest.mark.parametrize("make", [lm, adam, lbfgs], ids=["lm", "adam", "lbfgs"])


@OPTIMIZERS
def test_one_gradient_that_is_not_finite_costs_a_step_and_no_more(make: Callable[[Kan], Optimizer]) -> None:
    network, undisturbed = Kan([2, 2, 1]), Kan([2, 2, 1])
    finish(train(undisturbed, make(undisturbed), SquaredError(), steps=40, held=HELD))
    losses = [
        step.train_loss for step in train(network, poisoned(make, network, {5}), SquaredError(), steps=40, held=HELD)
    ]
    assert sum(not math.isfinite(loss) for loss in losses) <= 1
    assert bool(torch.isfinite(parameter_vector(network)).all())
    reached, expected = (mean_loss(trained, SquaredError(), HELD_X, HELD_Y) for trained in (network, undisturbed))
    assert reached < 3 * expected


@OPTIMIZERS
def test_gradients_that_stay_not_finite_end_in_divergence_with_the_last_good_weights(
    make: Callable[[Kan], Optimizer],
) -> None:
    network = Kan([2, 2, 1])
    start = parameter_vector(network)
    run = train(network, poisoned(make, network, range(1, 10_000)), SquaredError(), steps=1_000)
    assert len(list(run)) == MOST_FAILURES + 1
    assert torch.equal(parameter_vector(network), start)
    again = Kan([2, 2, 1])
    late = train(again, poisoned(make, again, range(8, 10_000)), SquaredError(), steps=1_000, held=HELD)
    assert finish(late) is Outcome.DIVERGED
    assert bool(torch.isfinite(parameter_vector(again)).all())
    better, before = (mean_loss(net, SquaredError(), HELD_X, HELD_Y) for net in (again, network))
    assert better < before


@pytest.mark.parametrize("value", [math.inf, math.nan])
@OPTIMIZERS
def test_row_that_is_not_finite_never_reaches_the_weights(
    make: Callable[[Kan], Optimizer], value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = X.clone()
    x[7, 0] = value
    monkeypatch.setattr("tests.kan.test_train.X", x)
    network = Kan([2, 2, 1])
    assert finish(train(network, make(network), SquaredError(), steps=1_000, held=HELD)) is Outcome.DIVERGED
    assert bool(torch.isfinite(parameter_vector(network)).all())


class Failing(Scripted):
    """Raises an error in place of its third step."""

    def __init__(self, network: Kan, error: Exception) -> None:
        super().__init__(network, [3.0, 1.0])
        self._error = error

    def step(self) -> Step:
        if self._count == 2:
            raise self._error
        return super().step()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_memory_that_runs_out_leaves_the_last_good_weights(error: Exception) -> None:
    network = Kan([2, 1], base="zero")
    run = train(network, Failing(network, error), SquaredError(), steps=9)
    assert finish(run) is Outcome.OUT_OF_MEMORY
    assert float(parameter_vector(network)[0]) == 1.0


def test_memory_that_really_runs_out_is_recognised() -> None:
    for allocate in (lambda: torch.empty(10**15), lambda: np.empty(10**15), lambda: bytearray(10**15)):
        with pytest.raises((MemoryError, RuntimeError)) as caught:
            allocate()
        assert is_out_of_memory(caught.value)


def test_other_errors_of_a_step_are_not_taken_for_memory() -> None:
    network = Kan([2, 1], base="zero")
    with pytest.raises(RuntimeError, match="a defect"):
        finish(train(network, Failing(network, RuntimeError("a defect")), SquaredError(), steps=9))


def test_places_of_outcomes_in_snapshots_never_move() -> None:
    first = ["converged", "max_steps", "early_stopped", "diverged", "non_finite_data", "cancelled", "out_of_memory"]
    assert [outcome.value for outcome in Outcome][: len(first)] == first


def test_convergence_is_an_outcome() -> None:
    network = Kan([2, 1])
    steps = list(train(network, lm(network, 1e-4), SquaredError(), steps=100, held=HELD))
    assert [step.step for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) < 100
    assert steps[-1].validation_loss is not None
    again = Kan([2, 1])
    assert finish(train(again, lm(again, 1e-4), SquaredError(), steps=100, held=HELD)) is Outcome.CONVERGED


Setting = tuple[Callable[[Kan], Optimizer], int, int | None, int]


def troubled(network: Kan) -> Optimizer:
    """Adam on rows one of which spoils its batch once in every epoch."""
    x = X.clone()
    x[7, 0] = math.inf
    return Adam(network, SquaredError(), x, Y, steps=40, batch_size=16, learning_rate=0.02, seed=0)


SETTINGS: dict[str, Setting] = {
    "lm": (lm, 12, None, 1),
    "lm, patience": (lm, 60, 3, 1),
    "adam": (adam, 14, None, 1),
    "adam, patience": (adam, 14, 4, 1),
    "adam, not finite": (troubled, 14, None, 1),
    "adam, judged each third step, patience": (adam, 30, 4, 3),
    "lbfgs": (lbfgs, 14, None, 1),
}


def started(setting: Setting, network: Kan, **options: Any) -> Generator[TrainStep, None, Outcome]:
    make, steps, patience, every = setting
    held = replace(HELD, every=every)
    return train(network, make(network), SquaredError(), steps=steps, held=held, patience=patience, **options)


def snapshot_after(setting: Setting, steps: int) -> Tensors:
    """Stops a run after so many steps and takes what it needs to go on."""
    taken: list[Callable[[], Tensors]] = []
    run = started(setting, Kan([2, 2, 1]), register=taken.append)
    for _ in range(steps):
        next(run)
    run.close()
    return taken[0]()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS.keys())
def test_resumed_after_any_step_it_ends_in_the_same_bits(setting: Setting) -> None:
    undisturbed = Kan([2, 2, 1])
    count = len(list(started(setting, undisturbed)))
    outcome = finish(started(setting, Kan([2, 2, 1])))
    for steps in range(1, count + 1):
        # The start of the resumed network does not matter: everything comes from the snapshot.
        resumed = Kan([2, 2, 1], seed=9)
        assert finish(started(setting, resumed, resume=snapshot_after(setting, steps))) is outcome, steps
        assert torch.equal(parameter_vector(resumed), parameter_vector(undisturbed)), steps
