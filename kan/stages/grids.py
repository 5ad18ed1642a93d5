"""Finer grids: the same function on more intervals, and for as long as it pays."""

from collections.abc import Generator
from dataclasses import replace

from kan.config import Extend, Fit, MoveGrid, Refine
from kan.constraints import with_kept_shapes
from kan.cost import LARGEST_LM_PARAMETERS, carries
from kan.jacobian import parameter_count
from kan.journal import Journal
from kan.network import Kan
from kan.problem import FOLDS
from kan.refine import refine as refine_state
from kan.stages.budget import affordable_steps, step_work
from kan.stages.fit import (
    Fitted,
    fit_piece,
    fresh_network,
    settle_grids,
    shaped,
    with_changed,
    with_network,
    with_trained,
)
from kan.stages.starts import NOISE_FREE, offset, unexplained, validation_loss
from kan.stages.work import StageRun, Work, held_loss, smoothest
from kan.train import TrainStep

# A finer grid must gain this much on the held rows, or the coarser one stays.
WORTHWHILE = 0.97
# So many finer grids in a row without a gain end the climb: a fast oscillation shows only once a grid resolves it.
GRIDS_WITHOUT_GAIN = 3
# A share of the variance as small as this is rounding: an RMSE of 3e-7 of the target's spread.
ROUNDING = 1e-13
# A held loss that falls so far from grid to grid is no accident: the next one is tried though its rows are few, where
# a step takes no more products than this (a tenth of a second).
FALLS_ON = 0.2
CHEAP_STEP = 3e9
# Share of the progress that the climb takes, before the last fit to all rows.
CLIMB_SHARE = 0.8


def refine(work: Work, stage: Refine, journal: Journal, name: str) -> StageRun:
    """Puts a finer grid under every spline; an integer multiple keeps the function."""
    network = work.network if work.network is not None else fresh_network(work, start=0)
    refined = refined_network(network, stage.grid, exact=stage.exact)
    return with_changed(replace(work, config=replace(work.config, grid=stage.grid)), Fitted(refined, work.outcome))
    yield


def move_grid(work: Work, stage: MoveGrid, journal: Journal, name: str) -> StageRun:
    """Lays the knots over the data that reaches each layer now."""
    network = work.network.copy() if work.network is not None else fresh_network(work, start=0)
    settle_grids(network, work.problem)
    return with_changed(work, Fitted(shaped(network), work.outcome))
    yield


def extend(work: Work, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Doubles the grid and fits again while the held rows gain.

    After a search it starts from the best single member, and only where the averaged network explains nearly all:
    noise asks for averaging, a function without noise for finer grids.
    """
    if work.members:
        return (yield from _extended_member(work, stage, journal, name))
    network = work.network if work.network is not None else fresh_network(work, start=0)
    found = yield from _extended(work, network, stage, journal, name)
    assert found.network is not None
    return replace(found, held_out=with_trained(work, Fitted(found.network)).held_out)


def _extended_member(work: Work, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Takes the best member that never saw the validation rows up the grids; it must beat the average."""
    if not _is_noise_free(work):
        return work
    climb = _extended(smoothest(work), _best_member(work), stage, journal, name)
    found = yield from offset(climb, 0, CLIMB_SHARE, 1)
    if found.network is None or held_loss(found) >= WORTHWHILE * held_loss(work):
        return work
    settings = Fit(steps=stage.steps, patience=None)
    last = fit_piece(found, found.network, settings, journal, name + "/all", work.problem.every, hold=False)
    fitted = yield from offset(last, CLIMB_SHARE, 1 - CLIMB_SHARE, 1)
    return replace(found, network=fitted.network, outcome=fitted.outcome)


def refined_network(network: Kan, grid: int, *, exact: bool = True) -> Kan:
    """Gives the same function on a finer grid."""
    refined = Kan.from_state(with_kept_shapes(refine_state(network.state(), grid, exact=exact)))
    refined.config = replace(network.config, grid=grid)
    return refined.to(network.kan_layers[0].knots.device)


def _extended(work: Work, network: Kan, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Climbs the grids on the training rows for as long as the validation rows gain.

    Past what the rows carry it goes on while the held loss falls steeply, as it does without noise. With noise, and
    rows for the network's own grid alone, there is nothing to gain.
    """
    work = with_network(work, Fitted(network, work.outcome))
    grids = _grids(network, stage)
    rows = len(work.problem.train)
    carried = sum(_is_carried(network, grid, rows) for grid in grids)
    if carried <= 1 and work.problem.loss.name == "mse" and not _is_noise_free(work):
        return replace(work, members={})
    best, current, idle, falls_on = work, work, 0, False
    for number, grid in enumerate(grids):
        if number >= carried and not (falls_on and step_work(_parameters(network, grid), rows) <= CHEAP_STEP):
            break
        before, total = held_loss(current), max(carried, number + 1)
        current = yield from _climbed(current, grid, stage, journal, f"{name}/{grid}", number, total)
        falls_on = held_loss(current) < FALLS_ON * before
        idle = 0 if held_loss(current) < WORTHWHILE * held_loss(best) else idle + 1
        best = best if idle else current
        if idle == GRIDS_WITHOUT_GAIN or unexplained(best) < ROUNDING:
            break
    return replace(best, members={})


def _climbed(
    work: Work, grid: int, stage: Extend, journal: Journal, name: str, number: int, total: int
) -> Generator[TrainStep, None, Work]:
    """Fits on a finer grid that covers what reaches it now.

    With the penalty so far and with the least one: what a coarse grid needed may now hurt.
    """
    assert work.network is not None
    coarse = work.network
    finer = refined_network(coarse, grid) if grid != coarse.kan_layers[0].grid else coarse.copy()
    settle_grids(finer, work.problem)
    rows = work.problem.train
    steps = affordable_steps(stage.steps, stage.max_work, parameter_count(finer), len(rows))
    settings = Fit(steps=steps, patience=max(stage.steps // 3, 5))
    tries = [work] if work.slope == 0.0 else [work, smoothest(work)]
    found = []
    for place, trial in enumerate(tries):
        piece = f"{name}/{place}"
        fitting = fit_piece(trial, finer, settings, journal, piece, rows, hold=True)
        share = 1 / len(tries)
        found.append(with_network(trial, (yield from offset(fitting, number + place * share, share, total))))
    return min(found, key=held_loss)


def _grids(network: Kan, stage: Extend) -> list[int]:
    """Gives the network's own grid and its doublings, as far as the optimizer carries them."""
    grids: list[int] = []
    grid = network.kan_layers[0].grid
    while grid <= stage.max_grid and (not grids or _parameters(network, grid) <= LARGEST_LM_PARAMETERS):
        grids.append(grid)
        grid *= 2
    return grids


def _is_carried(network: Kan, grid: int, rows: int) -> bool:
    """Says whether the rows carry a grid; the one that is there they must."""
    return grid == network.kan_layers[0].grid or carries(rows, _parameters(network, grid))


def _parameters(network: Kan, grid: int) -> int:
    """Gives the trainable numbers that the network has on another grid."""
    layers = network.kan_layers
    edges = sum(len(layer.numbers) * layer.outputs for layer in layers)
    return parameter_count(network) + edges * (grid - layers[0].grid)


def _is_noise_free(work: Work) -> bool:
    return unexplained(work) < NOISE_FREE


def _best_member(work: Work) -> Kan:
    unseen = [network for number, network in work.members.items() if number % FOLDS == 0]
    return min(unseen, key=lambda network: validation_loss(work, network))
