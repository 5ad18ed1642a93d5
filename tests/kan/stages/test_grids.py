"""Finer grids keep the function; extension stops where the held rows gain no more."""

from dataclasses import replace

import pytest
import torch

from kan.config import Average, Extend, Fit, MoveGrid, NetworkConfig, Refine, Refit, Stage
from kan.errors import InexactRefinement
from kan.journal import Journal
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.stages.fit import fit
from kan.stages.grids import extend, move_grid, refine, refined_network
from kan.stages.recipe import run_recipe
from kan.stages.starts import validation_loss
from kan.stages.work import Work, held_loss
from tests.kan.training import a_problem, finish, randomised, uniform

X = uniform(300, 2)
SMOOTH = torch.exp(torch.sin(torch.pi * X[:, :1]) + X[:, 1:] ** 2)


def fitted(y: torch.Tensor, hidden: tuple[int, ...] = (2,), steps: int = 25) -> Work:
    return finish(fit(Work(a_problem(X, y), NetworkConfig(hidden, 3)), Fit(steps=steps), Journal(), "f"))


@pytest.mark.parametrize("grid", [6, 12])
@pytest.mark.parametrize("levels", [None, (None, 3)])
def test_refined_network_is_the_same_function_everywhere(grid: int, levels: tuple[int | None, ...] | None) -> None:
    network = randomised(Kan([2, 3, 1], grid=3, grid_eps=0.5, input_levels=levels))
    x = uniform(100, 2, reach=2.0)
    if levels:
        x[:, 1] = torch.arange(100) % 3
    refined = refined_network(network, grid)
    assert (refined.config.grid, refined.config.grid_eps) == (grid, 0.5)
    # Blossoming loses a few last bits, which the second layer multiplies by its slopes.
    torch.testing.assert_close(refined(x), network(x), rtol=0, atol=1e-10)


def test_refine_stage_keeps_the_held_loss_and_refuses_what_would_not() -> None:
    work = fitted(SMOOTH)
    finer = finish(refine(work, Refine(6), Journal(), "r"))
    assert held_loss(finer) == pytest.approx(held_loss(work), rel=1e-8)
    assert finer.config.grid == 6
    with pytest.raises(InexactRefinement):
        finish(refine(work, Refine(5), Journal(), "r"))
    assert finish(refine(work, Refine(5, exact=False), Journal(), "r")).config.grid == 5


@pytest.mark.parametrize("learnt", [(Average(members=5),), (Fit(steps=15), Refit(steps=30))], ids=["average", "refit"])
def test_validation_rows_that_a_network_has_learnt_do_not_flatter_its_finer_grid(learnt: tuple[Stage, ...]) -> None:
    noise = torch.randn(60, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    work = Work(a_problem(X[:60], noise), NetworkConfig((2,), 3))
    before, after = (finish(run_recipe(work, recipe, Journal())) for recipe in (learnt, (*learnt, Refine(6))))
    assert before.network is not None
    assert validation_loss(before, before.network) < 0.8 * held_loss(before)
    assert held_loss(after) == pytest.approx(held_loss(before), rel=1e-6)


def test_extension_of_a_function_without_noise_gains() -> None:
    work = fitted(SMOOTH)
    extended = finish(extend(work, Extend(max_grid=12, steps=25), Journal(), "e"))
    assert extended.network is not None
    assert extended.network.kan_layers[0].grid > 3
    assert held_loss(extended) < 0.2 * held_loss(work)


def test_extension_on_noise_keeps_the_coarse_grid() -> None:
    noise = torch.randn(300, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    work = fitted(noise, hidden=())
    extended = finish(extend(work, Extend(max_grid=48, steps=10), Journal(), "e"))
    assert extended.network is not None
    assert extended.network.kan_layers[0].grid == 3
    assert held_loss(extended) <= held_loss(work) * 1.0000001


def test_extension_of_noise_without_rows_for_a_finer_grid_takes_no_step() -> None:
    noise = torch.randn(40, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    work = finish(fit(Work(a_problem(X[:40], noise), NetworkConfig((), 8)), Fit(steps=5), Journal(), "f"))
    assert list(extend(work, Extend(max_grid=48, steps=10), Journal(), "e")) == []


def test_extension_never_has_more_numbers_than_rows_carry() -> None:
    problem = a_problem(X[:40], SMOOTH[:40])
    work = finish(fit(Work(problem, NetworkConfig((), 3)), Fit(steps=5), Journal(), "f"))
    extended = finish(extend(work, Extend(max_grid=1000, steps=10), Journal(), "e"))
    assert extended.network is not None
    assert sum(weights.numel() for weights in extended.network.parameters()) * 1.5 <= 32


def test_extension_goes_past_what_rows_carry_while_the_held_loss_falls_steeply() -> None:
    # 64 training rows carry 42 numbers: grid 16 of [2, 1] has 40, grid 32 has 72.
    x = uniform(80, 2)
    smooth = torch.exp(torch.sin(torch.pi * x[:, :1])) + torch.cos(3 * x[:, 1:])
    work = finish(fit(Work(a_problem(x, smooth), NetworkConfig((), 4)), Fit(steps=25), Journal(), "f"))
    steep = finish(extend(work, Extend(max_grid=32, steps=30), Journal(), "e"))
    assert steep.network is not None
    assert steep.network.kan_layers[0].grid == 32


def test_moved_grid_changes_a_trained_network_little() -> None:
    work = fitted(SMOOTH)
    moved = finish(move_grid(work, MoveGrid(), Journal(), "m"))
    assert work.network is not None
    assert moved.network is not None
    before, after = (mean_loss(net, SquaredError(), X, SMOOTH) for net in (work.network, moved.network))
    assert after < before + 0.02 * float(SMOOTH.var())


def test_extension_climbs_past_a_grid_that_gains_nothing() -> None:
    # A period of an eighth of the range: grids 4 and 8 see nothing of it, 16 and finer do.
    x = uniform(600, 1)
    wave = torch.sin(8 * torch.pi * x)
    work = finish(fit(Work(a_problem(x, wave), NetworkConfig((), 4)), Fit(steps=25), Journal(), "f"))
    wide = finish(extend(work, Extend(max_grid=64, steps=30), Journal(), "e"))
    assert wide.network is not None
    assert wide.network.kan_layers[0].grid >= 16
    assert held_loss(wide) < 1e-3 * held_loss(work)


def test_extension_drops_the_penalty_that_only_a_coarse_grid_needed() -> None:
    x = uniform(600, 1)
    wave = torch.sin(8 * torch.pi * x)
    coarse = finish(fit(Work(a_problem(x, wave), NetworkConfig((), 4)), Fit(steps=25), Journal(), "f"))
    work = replace(coarse, curvature=1e-4, slope=1e-3)
    wide = finish(extend(work, Extend(max_grid=64, steps=30), Journal(), "e"))
    assert (wide.curvature, wide.slope) == (0.0, 0.0)
    assert held_loss(wide) < 1e-6 * held_loss(coarse)
