"""Recipes resumed at any step end in the same bits; closing one is harmless; its progress is told in order."""

import itertools
import random

import numpy as np
import pytest
import torch

from kan.checkpoint import dump
from kan.config import Average, Choose, Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage, Starts
from kan.errors import BadTrainingData, InvalidConfig
from kan.journal import Journal
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.protocol import Step
from kan.stages.recipe import Progress, best_so_far, run_recipe
from kan.stages.work import Work, held_loss
from kan.table_training import TableTask, TableTraining
from kan.train import Outcome
from tests.kan.training import a_problem, a_table, a_task, finish, model_bytes, uniform

TABLE = a_table(40)
LBFGS = Fit(optimizer="lbfgs", steps=1)
ADAM = Fit(optimizer="adam", steps=1, batch_size=16)
RECIPES: dict[str, TableTask] = {
    "quick search": a_task(targets=("y", "y2")),
    "quick search of classes": a_task(targets=("label",)),
    "starts, refit": a_task([Starts(1, 6), Refit(3)], inputs=("a", "b")),
    "fit, refine, fit, move, fit": a_task([Fit(steps=5), Refine(6), Fit(steps=5), MoveGrid(), Fit(steps=4), Refit(3)]),
    "quantile knots": a_task([Fit(steps=5), MoveGrid(), Fit(steps=5)], config=NetworkConfig((2,), 4, grid_eps=0.3)),
    "adam": a_task([ADAM, MoveGrid(), ADAM], inputs=("a", "b")),
    "lbfgs": a_task([LBFGS, Refine(6), LBFGS, Refit(3)], targets=("y", "y2")),
    "adam, classes": a_task([ADAM, Refit(steps=3)], targets=("label",)),
    "starts, extend": a_task([Starts(2, 6), Extend(max_grid=6, steps=5), Refit(4)], targets=("y", "y2")),
    "average, then fit": a_task([Average(3), Fit(steps=4)], config=NetworkConfig((2,), 3, degree=2)),
    "choose, average, extend": a_task([Choose((1,), (3,), 1), Average(2), Extend(6, 5)], inputs=("a", "b")),
}


SLOW = {"quick search of classes", "adam, classes", "average, then fit"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in RECIPES])
def test_resumed_at_any_step_it_ends_in_the_same_bits(name: str) -> None:
    task = RECIPES[name]
    steps: list[Progress] = []
    run = TableTraining(TABLE, task).run()
    while True:
        try:
            steps.append(next(run))
        except StopIteration as stop:
            expected = dump(stop.value.state)
            break
    ends = [number for number, step in enumerate(steps, start=1) if step.ended]
    generator = random.Random(name)
    chosen = {ends[0], *generator.sample(range(1, len(steps) + 1), k=2)}
    for count in sorted(chosen):
        first = TableTraining(TABLE, task)
        run = first.run()
        for _ in itertools.islice(run, count):
            pass
        checkpoint = first.checkpoint()
        run.close()
        resumed = TableTraining(TABLE, task, checkpoint=checkpoint)
        assert dump(finish(resumed.run()).state) == expected, (count, steps[count - 1])


def test_killed_twice_it_still_ends_in_the_same_bits() -> None:
    task = RECIPES["choose, average, extend"]
    checkpoint: bytes | None = None
    for count in (15, 20):
        training = TableTraining(TABLE, task, checkpoint=checkpoint)
        for _ in itertools.islice(training.run(), count):
            pass
        checkpoint = training.checkpoint()
    resumed = TableTraining(TABLE, task, checkpoint=checkpoint)
    assert dump(finish(resumed.run()).state) == model_bytes(TABLE, task)


def test_closing_leaves_a_checkpoint_that_goes_on() -> None:
    task = RECIPES["fit, refine, fit, move, fit"]
    training = TableTraining(TABLE, task)
    run = training.run()
    for _ in range(3):
        next(run)
    before = training.checkpoint()
    run.close()
    run.close()
    assert training.checkpoint() == before
    assert dump(finish(TableTraining(TABLE, task, checkpoint=before).run()).state) == model_bytes(TABLE, task)


def test_closing_before_the_first_step_is_harmless() -> None:
    training = TableTraining(TABLE, RECIPES["adam"])
    training.run().close()
    assert training.checkpoint()


@pytest.mark.parametrize("name", ["quick search", "fit, refine, fit, move, fit", "starts, extend", "adam"])
def test_progress_names_stages_in_order_and_never_goes_back(name: str) -> None:
    task = RECIPES[name]
    steps: list[Progress] = list(TableTraining(TABLE, task).run())
    assert [step.name for step in steps if step.ended] == [stage.stage for stage in task.recipe]
    assert {step.stages for step in steps} == {len(task.recipe)}
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 1
    assert fractions[-1] == 1.0


def test_refit_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="before refit"):
        finish(TableTraining(TABLE, a_task([Refit()])).run())


@pytest.mark.parametrize("stage", [Extend(6, 5), Refine(6), MoveGrid(), Average(1)], ids=lambda stage: stage.stage)
def test_stage_without_a_network_before_it_starts_from_a_fresh_one(stage: Stage) -> None:
    result = finish(TableTraining(TABLE, a_task([stage])).run())
    assert result.state.widths == (3, 2, 1)


@pytest.mark.parametrize("place", ["x", "y"])
@pytest.mark.parametrize("stage", [Fit(steps=3), ADAM, Starts(2, 3), Choose((0, 1), (3,), 1), Average(2)], ids=str)
def test_poisoned_rows_end_in_a_value_and_leave_no_checkpoint(stage: Stage, place: str) -> None:
    x, y = uniform(40, 2), uniform(40, 1, seed=1)
    (x if place == "x" else y)[7, 0] = float("inf" if place == "x" else "nan")
    journal = Journal()
    work = finish(run_recipe(Work(a_problem(x, y), NetworkConfig((2,), 3)), [stage], journal))
    assert work.outcome is Outcome.NON_FINITE_DATA
    assert work.network is None
    assert journal.finished_under("stage1") == {}


def test_table_with_a_poisoned_row_behind_the_encoding_is_bad_data() -> None:
    training = TableTraining(TABLE, a_task([Fit(steps=3)]))
    training._problem.x[3, 0] = float("nan")
    with pytest.raises(BadTrainingData, match="finite"):
        finish(training.run())


def memory_ends(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Lets every Levenberg-Marquardt step after the first few fail for want of memory."""
    whole, left = LevenbergMarquardt.step, [after]

    def step(self: LevenbergMarquardt) -> Step:
        left[0] -= 1
        if left[0] < 0:
            raise MemoryError
        return whole(self)

    monkeypatch.setattr(LevenbergMarquardt, "step", step)


def test_memory_that_runs_out_ends_a_recipe_with_the_network_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = a_problem(uniform(40, 2), uniform(40, 1, seed=1))
    recipe: list[Stage] = [Fit(steps=4, patience=None), MoveGrid(), Fit(steps=4, patience=None), Refit()]
    memory_ends(monkeypatch, after=6)
    ended = []
    run = run_recipe(Work(problem, NetworkConfig((2,), 3)), recipe, Journal())
    while True:
        try:
            ended.append(next(run).ended)
        except StopIteration as stop:
            work = stop.value
            break
    assert work.outcome is Outcome.OUT_OF_MEMORY
    assert sum(ended) == 3
    assert bool(torch.isfinite(work.network(problem.x)).all())


def test_average_keeps_no_member_that_ran_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    memory_ends(monkeypatch, after=40)
    work = Work(a_problem(uniform(40, 2), uniform(40, 1, seed=1)), NetworkConfig((2,), 3))
    ended = finish(run_recipe(work, [Average(4)], Journal()))
    assert ended.outcome is Outcome.OUT_OF_MEMORY
    assert ended.network is None


def test_table_training_says_that_memory_ran_out(monkeypatch: pytest.MonkeyPatch) -> None:
    memory_ends(monkeypatch, after=2)
    with pytest.raises(MemoryError, match="coarser grid"):
        finish(TableTraining(TABLE, a_task([Fit(steps=4)])).run())


def test_run_stopped_from_outside_gives_the_best_weights_of_its_fit_and_not_the_last() -> None:
    noise = torch.randn(40, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    work, journal = Work(a_problem(uniform(40, 2), noise), NetworkConfig((5,), 8)), Journal()
    recipe: list[Stage] = [Fit(steps=60, patience=None)]
    run = run_recipe(work, recipe, journal)
    losses = [float(step.validation_loss or np.inf) for step in itertools.islice(run, 40)]
    best = best_so_far(work, recipe, journal)
    assert best is not None
    assert best.outcome is Outcome.CANCELLED
    assert min(losses) < 0.9 * losses[-1]
    assert held_loss(best) == pytest.approx(min(losses), rel=1e-9)
