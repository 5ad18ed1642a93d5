"""Recipes resumed at any step end in the same bits; closing one is harmless; its progress is told in order."""

import itertools
import random

import pytest

from kan.checkpoint import dump
from kan.config import Average, Choose, Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage, Starts
from kan.errors import InvalidConfig
from kan.stages.recipe import Progress
from kan.table_training import TableTask, TableTraining
from tests.kan.training import a_table, a_task, finish, model_bytes

TABLE = a_table(40)
ADAM = Fit(optimizer="adam", steps=1, batch_size=16)
RECIPES: dict[str, TableTask] = {
    "quick search": a_task(targets=("y", "y2")),
    "quick search of classes": a_task(targets=("label",)),
    "starts, refit": a_task([Starts(1, 6), Refit(3)], inputs=("a", "b")),
    "fit, refine, fit, move, fit": a_task([Fit(steps=5), Refine(6), Fit(steps=5), MoveGrid(), Fit(steps=4), Refit(3)]),
    "quantile knots": a_task([Fit(steps=5), MoveGrid(), Fit(steps=5)], config=NetworkConfig((2,), 4, grid_eps=0.3)),
    "adam": a_task([ADAM, MoveGrid(), ADAM], inputs=("a", "b")),
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
