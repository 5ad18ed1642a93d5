"""Whole trainings on a pretended device: no tensor is left on the CPU, and the numbers are those of the CPU."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from kan.checkpoint import dump
from kan.config import Average, Choose, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage, Starts
from kan.jacobian import trace
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss_gradient
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.penalty import constant_penalty, penalty_matrix
from kan.problem import Problem
from kan.table_training import TableResult, TableTraining
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.pretended_device import DEVICE, DeviceTensor, pretended_device
from tests.kan.training import a_table, a_task, finish, model_bytes, trained, uniform

TABLE = a_table(80)
RECIPES: dict[str, Sequence[Stage]] = {
    "lm": (Fit(optimizer="lm", steps=4),),
    "lbfgs": (Fit(optimizer="lbfgs", steps=1),),
    "adam": (Fit(optimizer="adam", steps=1),),
    "grids": (Fit(steps=2), Refine(grid=6), MoveGrid(), Refit(steps=2)),
    "starts": (Starts(count=2, steps=4),),
    "additive": (Choose(hidden=(0,), members=1),),
    "average": (Average(members=2),),
}


def on_device(recipe: Sequence[Stage], target: str, config: NetworkConfig) -> TableResult:
    with pretended_device() as device:
        return finish(TableTraining(TABLE, a_task(recipe, targets=(target,), config=config), device=device).run())


@pytest.mark.parametrize("target", ["y", pytest.param("label", marks=pytest.mark.slow)])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_training_never_mixes_devices_and_ends_as_on_the_cpu(recipe: Sequence[Stage], target: str) -> None:
    config = NetworkConfig((2,), grid=3)
    there = on_device(recipe, target, config)
    here = trained(TABLE, a_task(recipe, targets=(target,), config=config))
    assert there.outcome == here.outcome
    for one, other in zip(there.state.layers, here.state.layers, strict=True):
        # Other kernels add up in another order; a search amplifies that a little.
        np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "grids", "starts"])
def test_products_never_mix_devices_and_end_as_on_the_cpu(name: str) -> None:
    config = NetworkConfig((2,), grid=3, base="zero" if name == "grids" else "silu", multiply=(1,))
    there = on_device(RECIPES[name], "y", config)
    here = trained(TABLE, a_task(RECIPES[name], config=config))
    for one, other in zip(there.state.layers, here.state.layers, strict=True):
        np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-4, atol=1e-5)


def test_formulas_are_trained_on_the_device_as_on_the_cpu() -> None:
    here, x = Kan.from_state(with_everything()), uniform(40, 3)
    x[:, 1] = torch.arange(40) % 3
    y = uniform(40, 2, seed=1)
    with pretended_device() as device:
        there = here.copy().to(device)
        taken = [stepped(there, x.to(device), y.to(device)), stepped(here, x, y)]
        map_first_nodes(there)
        states = there.copy().state(), there.state()
    map_first_nodes(here)
    assert taken[0] == pytest.approx(taken[1], rel=1e-6)
    for state in states:
        for one, other in zip(state.layers, here.state().layers, strict=True):
            found, expected = ([(f.a, f.b, f.c, f.d) for f in layer.formulas] for layer in (one, other))
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def stepped(network: Kan, x: torch.Tensor, y: torch.Tensor) -> float:
    penalty = penalty_matrix(network, constant_penalty(network, 1e-4, 1e-4))
    return LevenbergMarquardt(network, SquaredError(), x, y, penalty=penalty).step().loss


def map_first_nodes(network: Kan) -> None:
    first, last = network.kan_layers
    scale, shift = 2 * torch.ones_like(last.knots[:, 0]), torch.zeros_like(last.knots[:, 0])
    first.map_nodes(scale, shift)
    last.map_inputs(scale, shift)


@pytest.mark.parametrize("recipe", [RECIPES["adam"], RECIPES["lm"]], ids=["adam", "lm"])
def test_run_begun_on_the_device_is_ended_on_the_cpu_and_the_other_way_round(recipe: Sequence[Stage]) -> None:
    task = a_task(recipe, config=NetworkConfig((2,), grid=3))
    expected = trained(TABLE, task).state
    with pretended_device() as device:
        for begun, ended in ((device, "cpu"), ("cpu", device)):
            training = TableTraining(TABLE, task, device=begun)
            run = training.run()
            for _ in range(3):
                next(run)
            found = finish(TableTraining(TABLE, task, checkpoint=training.checkpoint(), device=ended).run()).state
            for one, other in zip(found.layers, expected.layers, strict=True):
                np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-4, atol=1e-5)


def full_above(rows: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of (network, loss, x, ...) or (network, x) on a device whose memory takes so many rows only."""

    def limited(network: Kan, *arguments: Any) -> Any:
        x = next(value for value in arguments if isinstance(value, torch.Tensor))
        if isinstance(x, DeviceTensor) and len(x) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory (a test's)")
        return function(network, *arguments)

    return limited


@pytest.mark.parametrize(
    "recipe", [pytest.param(RECIPES["lm"], id="lm"), pytest.param(RECIPES["adam"], id="adam", marks=pytest.mark.slow)]
)
def test_memory_for_few_rows_halves_the_blocks_and_ends_as_on_the_cpu(
    recipe: Sequence[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The trace of Levenberg-Marquardt's rows, and the forward pass of a batch.
    monkeypatch.setattr("kan.optimizers.gauss_newton.trace", full_above(7, trace))
    monkeypatch.setattr(Kan, "forward", full_above(20, Kan.forward))
    task = a_task(recipe, config=NetworkConfig((2,), grid=3))
    with pretended_device() as device:
        training = TableTraining(TABLE, task, device=device)
        there = finish(training.run())
    assert training.warnings == []
    here = trained(TABLE, task)
    np.testing.assert_allclose(there.state.layers[0].coefficients, here.state.layers[0].coefficients, rtol=1e-4)


def test_memory_for_no_row_goes_on_on_the_cpu_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    task = a_task((Fit(optimizer="lm", steps=2), Fit(optimizer="adam", steps=1)), config=NetworkConfig((2,), grid=3))
    monkeypatch.setattr("kan.optimizers.gauss_newton.mean_loss_gradient", full_above(0, mean_loss_gradient))
    monkeypatch.setattr("kan.optimizers.objective.mean_loss_gradient", full_above(0, mean_loss_gradient))
    with pretended_device() as device:
        training = TableTraining(TABLE, task, device=device)
        stages = []
        run = training.run()
        while True:
            try:
                stages.append(next(run).stage)
            except StopIteration as stop:
                there: TableResult = stop.value
                break
    assert training.warnings == [f"memory ran out on {DEVICE}; the training goes on on the cpu"]
    # The first stage is kept, and not trained anew.
    assert stages == sorted(stages)
    here = trained(TABLE, task)
    np.testing.assert_allclose(there.state.layers[0].coefficients, here.state.layers[0].coefficients, rtol=1e-4)


def test_table_that_does_not_fit_the_device_is_trained_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem

    def full(x: torch.Tensor, *rest: Any) -> Problem:
        if isinstance(x, DeviceTensor):
            raise torch.OutOfMemoryError("CUDA out of memory (a test's)")
        return problem(x, *rest)

    monkeypatch.setattr("kan.table_training.Problem", full)
    task = a_task(RECIPES["lm"], config=NetworkConfig((2,), grid=3))
    with pretended_device() as device:
        training = TableTraining(TABLE, task, device=device)
        result = finish(training.run())
    assert len(training.warnings) == 1
    assert dump(result.state) == model_bytes(TABLE, task)


def test_pretended_device_refuses_what_a_gpu_refuses() -> None:
    here = torch.ones(2, dtype=torch.float64)
    with pretended_device() as device:
        there = torch.tensor([1.0, 2.0], dtype=torch.float64, device=device)
        assert isinstance(there, DeviceTensor)
        assert there.device.type == DEVICE
        with pytest.raises(RuntimeError, match="expected all tensors on the same device"):
            there + here
        with pytest.raises(RuntimeError, match="numpy"):
            there.numpy()
        assert (there + torch.tensor(1.0)).cpu().tolist() == [2.0, 3.0]
        assert there[torch.tensor([1])].cpu().tolist() == [2.0]
