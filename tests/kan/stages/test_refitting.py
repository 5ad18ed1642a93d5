"""A network is as good as another where their held-out rows cannot tell them apart."""

import pytest
import torch

from kan.network import Kan
from kan.stages.refitting import Refitted, Refitting, is_level
from tests.kan.training import a_problem, finish, uniform

STATE = Kan([1, 1]).state()


def judged(rows: torch.Tensor) -> Refitted:
    return Refitted(STATE, float(rows.mean()), rows)


@pytest.mark.parametrize(("share", "level"), [(-2.0, True), (0.0, True), (0.9, True), (1.1, False), (3.0, False)])
def test_worse_by_less_than_a_standard_error_of_the_difference_is_level(share: float, level: bool) -> None:
    base = 100.0 * uniform(50, 1)[:, 0]
    apart = uniform(50, 1, seed=1)[:, 0]
    error = float(apart.std()) / 50**0.5
    worse = base + apart - apart.mean() + share * error
    assert is_level(judged(worse), judged(base)) is level


def test_fewer_errors_are_allowed_where_asked_for() -> None:
    apart = uniform(50, 1, seed=1)[:, 0]
    worse = apart - apart.mean() + 0.5 * float(apart.std()) / 50**0.5
    assert is_level(judged(worse), judged(torch.zeros(50)))
    assert not is_level(judged(worse), judged(torch.zeros(50)), 0.3)


def test_infinite_loss_is_never_level() -> None:
    rows = torch.ones(5)
    assert not is_level(judged(rows * float("inf")), judged(rows))
    assert not is_level(judged(rows * float("nan")), judged(rows))


def test_refitting_tells_the_loss_of_every_validation_row() -> None:
    x = uniform(100, 1)
    refitting = Refitting(a_problem(x, x**2), range(80))
    done = finish(refitting.run(STATE, 5))
    x_held, y_held = refitting.problem.at(refitting.problem.validation)
    outputs = Kan.from_state(done.state)(x_held)
    torch.testing.assert_close(done.rows, 0.5 * (outputs - y_held).detach().square()[:, 0])
    assert done.held == pytest.approx(float(done.rows.mean()))
