"""A network is as good as another where their held-out rows cannot tell them apart."""

from dataclasses import replace

import pytest
import torch

from kan.losses import BinaryCrossEntropy
from kan.network import Kan
from kan.stages.refitting import FAR, Refitted, Refitting, is_level
from tests.kan.formulas.networks import edge, network_of
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


def test_one_row_far_off_hides_no_change() -> None:
    small = uniform(50, 1).square()[:, 0]
    good, worse = small.clone(), 5.0 * small
    good[7], worse[7] = 1000.0, 500.0
    assert is_level(judged(worse), judged(good))
    assert not is_level(judged(worse), replace(judged(good), far=FAR * float(good.median())))


def test_what_is_far_off_is_told_by_the_median_error() -> None:
    x = uniform(100, 1)
    far = Refitting(a_problem(x, x), range(80)).judged(STATE).far
    rows = Refitting(a_problem(x, x), range(80)).judged(STATE).rows
    assert far == pytest.approx(FAR * float(rows.median()))


def test_infinite_loss_is_never_level() -> None:
    rows = torch.ones(5)
    assert not is_level(judged(rows * float("inf")), judged(rows))
    assert not is_level(judged(rows * float("nan")), judged(rows))


@pytest.mark.parametrize(("errors", "hidden"), [(-1.9, True), (1.9, True), (2.1, False), (-2.1, False)])
def test_noise_hides_a_change_of_up_to_two_standard_errors_of_a_number(errors: float, hidden: bool) -> None:
    x = uniform(100, 1)
    y = x + 0.1 * torch.randn(100, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    refitting = Refitting(a_problem(x, y), range(80))
    train_x, train_y = refitting.problem.at(refitting.rows)
    slope = float((train_x * train_y).sum() / train_x.square().sum())
    best = refitting.judged(network_of([edge(0, 0, "x", a=slope)]))
    # Of the slope, by the noise that the held-out rows show.
    error = (2.0 * best.held / float(train_x.square().sum())) ** 0.5
    trial = refitting.judged(network_of([edge(0, 0, "x", a=slope + errors * error)]))
    assert refitting.is_hidden(trial, best) is hidden


def test_of_classes_the_loss_itself_tells_what_noise_hides() -> None:
    x = uniform(100, 1)
    refitting = Refitting(a_problem(x, torch.ones(100).double(), loss=BinaryCrossEntropy()), range(80))
    sure, less = (refitting.judged(network_of([edge(0, 0, "x", a=0.0, d=d)])) for d in (2.0, 1.85))
    rise = 80 * (torch.nn.functional.softplus(torch.tensor([-1.85, -2.0])) @ torch.tensor([1.0, -1.0]))
    assert 1.0 < rise < 2.0
    assert refitting.is_hidden(less, sure)
    assert not refitting.is_hidden(refitting.judged(network_of([edge(0, 0, "x", a=0.0, d=1.0)])), sure)


def test_refitting_tells_the_loss_of_every_validation_row() -> None:
    x = uniform(100, 1)
    refitting = Refitting(a_problem(x, x**2), range(80))
    done = finish(refitting.run(STATE, 5))
    x_held, y_held = refitting.problem.at(refitting.problem.validation)
    outputs = Kan.from_state(done.state)(x_held)
    torch.testing.assert_close(done.rows, 0.5 * (outputs - y_held).detach().square()[:, 0])
    assert done.held == pytest.approx(float(done.rows.mean()))
