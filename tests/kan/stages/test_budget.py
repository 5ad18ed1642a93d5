"""A budget of work: fewer starts and steps where a network is dear, counted and never clocked."""

import pytest

from kan.config import Extend, Fit, NetworkConfig, Refit, Starts
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.presets import preset_recipe
from kan.stages.budget import affordable_starts, affordable_steps, step_work
from kan.stages.fit import fit, refit
from kan.stages.grids import extend
from kan.stages.starts import starts
from kan.stages.work import Work
from tests.kan.training import a_problem, finish, uniform

X = uniform(200, 2)
NOISE = uniform(200, 1, seed=7)
WORK = Work(a_problem(X, NOISE), NetworkConfig((2,), 3))


def test_step_of_levenberg_marquardt_costs_its_matrix_and_its_factor() -> None:
    assert step_work(400, 2000) == 400**2 * (2000 + 400) + 1.5e8


def test_step_of_batches_costs_as_many_products_as_rows_and_parameters() -> None:
    # 50 batches of 1,024 rows stand for one step.
    assert step_work(5000, 100_000) == 50 * 3 * 1024 * 5000 + 1.5e8


@pytest.mark.parametrize(("max_work", "expected"), [(None, 60), (1e12, 60), (2e10, 37), (1e6, 10)])
def test_dear_steps_are_fewer_but_never_less_than_ten(max_work: float | None, expected: int) -> None:
    # A step of 400 parameters on 2,000 rows is 5.34e8 products.
    assert affordable_steps(60, max_work, 400, 2000) == expected


@pytest.mark.parametrize(
    ("max_work", "expected"),
    [
        (None, 8),
        # 30 steps of the first start, 10 of seven others, then 10 of four and 10 of two.
        (160.5, 8),
        (159.5, 7),
        # 30, and twice 10 on the way of the best: the second start needs 10 more.
        (60.5, 2),
        (59.5, 1),
        (1.0, 1),
    ],
)
def test_starts_are_as_many_as_their_steps_may_be(max_work: float | None, expected: int) -> None:
    step = step_work(100, 500)
    stage = Starts(count=8, steps=30, max_work=None if max_work is None else max_work * step)
    assert affordable_starts(stage, [10, 10, 10], 100, 500) == expected


def test_bounded_stage_runs_fewer_starts() -> None:
    def numbers(stage: Starts) -> set[int]:
        journal, seen = Journal(), set()
        for _ in starts(WORK, stage, journal, "s"):
            seen |= {int(name.split("/")[2]) for name in journal.finished_under("s/start")}
        return seen

    assert numbers(Starts(count=6, steps=6)) == {0, 1, 2, 3, 4, 5}
    # 6 steps of the first, 2 of two others, 2 and 2 on the way of the best: 14.
    assert numbers(Starts(count=6, steps=6, max_work=15 * step_work(42, 160))) == {0, 1, 2}


def test_refit_and_grids_keep_to_their_work() -> None:
    # Without noise: with it no grid is climbed at all.
    work = Work(a_problem(X, X[:, :1] * X[:, 1:]), NetworkConfig((2,), 3))
    fitted = finish(fit(work, Fit(steps=60), Journal(), "f"))
    for run in (
        refit(fitted, Refit(steps=40, max_work=1e6), Journal(), "r"),
        extend(fitted, Extend(max_grid=3, steps=40, max_work=1e6), Journal(), "e"),
    ):
        assert 0 < sum(1 for _ in run) <= 10


@pytest.mark.parametrize("value", [0.0, 1e30, float("nan"), "much", True])
def test_work_that_is_none_is_refused(value: object) -> None:
    for stage in (Starts, Extend, Refit):
        with pytest.raises(InvalidConfig, match="max_work"):
            stage(max_work=value)  # type: ignore[arg-type]


def test_thorough_preset_has_a_budget_for_each_stage() -> None:
    assert [stage.max_work for stage in preset_recipe("thorough", search=False)] == [4e11, 2e11, 1e11]  # type: ignore[union-attr]
