"""Finer grids: the same function on more intervals, and for as long as it pays."""

from dataclasses import replace

from kan.config import Extend, Fit, MoveGrid, Refine
from kan.cost import LARGEST_LM_PARAMETERS
from kan.journal import Journal
from kan.network import Kan
from kan.problem import FOLDS
from kan.refine import refine as refine_state
from kan.stages.fit import Fitted, fit_piece, fresh_network, parameter_count, settle_grids, with_network
from kan.stages.starts import SMOOTHEST, offset, validation_loss
from kan.stages.work import StageRun, Work, held_loss

# A finer grid must gain this much on the held rows, or the coarser one stays.
WORTHWHILE = 0.97
# Share of the variance left unexplained below which a table is taken for a function without noise.
NOISE_FREE = 0.01
# Fewer training rows than this per trainable number make spikes between the rows.
ROWS_PER_PARAMETER = 1.5
# So many finer grids in a row without a gain end the climb: a fast oscillation shows only once a grid resolves it.
GRIDS_WITHOUT_GAIN = 3


def refine(work: Work, stage: Refine, journal: Journal, name: str) -> StageRun:
    """Puts a finer grid under every spline; an integer multiple keeps the function."""
    network = work.network if work.network is not None else fresh_network(work, start=0)
    refined = refined_network(network, stage.grid, exact=stage.exact)
    return with_network(replace(work, config=replace(work.config, grid=stage.grid)), Fitted(refined, work.outcome))
    yield


def move_grid(work: Work, stage: MoveGrid, journal: Journal, name: str) -> StageRun:
    """Lays the knots over the data that reaches each layer now."""
    network = work.network.copy() if work.network is not None else fresh_network(work, start=0)
    settle_grids(network, work.problem)
    return with_network(work, Fitted(network, work.outcome))
    yield


def extend(work: Work, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Doubles the grid and fits again while the held rows gain.

    After a search it starts from the best single member, and only where the averaged network explains nearly all:
    noise asks for averaging, a function without noise for finer grids.
    """
    if work.members:
        return (yield from _extended_member(work, stage, journal, name))
    network = work.network if work.network is not None else fresh_network(work, start=0)
    return (yield from _extended(work, network, stage, journal, name))


def _extended_member(work: Work, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Takes the best member that never saw the validation rows up the grids; it must beat the average."""
    if work.problem.loss.name != "mse" or not _is_noise_free(work):
        return work
    found = yield from _extended(_smoothest(work), _best_member(work), stage, journal, name)
    if found.network is None or held_loss(found) >= WORTHWHILE * held_loss(work):
        return work
    settings = Fit(steps=stage.steps, patience=None)
    fitted = yield from fit_piece(
        found, found.network, settings, journal, name + "/all", work.problem.every, hold=False
    )
    return replace(found, network=fitted.network, outcome=fitted.outcome)


def refined_network(network: Kan, grid: int, *, exact: bool = True) -> Kan:
    """Gives the same function on a finer grid."""
    refined = Kan.from_state(refine_state(network.state(), grid, exact=exact))
    refined.config = replace(network.config, grid=grid)
    return refined.to(network.kan_layers[0].knots.device)


def _extended(work: Work, network: Kan, stage: Extend, journal: Journal, name: str) -> StageRun:
    """Climbs the grids on the training rows for as long as the validation rows gain."""
    best, best_loss = Fitted(network, work.outcome), validation_loss(work, network)
    grids = _grids(network, stage, len(work.problem.train))
    current, idle = network, 0
    for number, grid in enumerate(grids):
        finer = refined_network(current, grid) if grid != current.kan_layers[0].grid else current
        settings = Fit(steps=stage.steps, patience=max(stage.steps // 3, 5))
        fitting = fit_piece(work, finer, settings, journal, f"{name}/{grid}", work.problem.train, hold=True)
        fitted = yield from offset(fitting, number, 1, len(grids))
        current, loss = fitted.network, validation_loss(work, fitted.network)
        if loss < WORTHWHILE * best_loss:
            best, best_loss, idle = fitted, loss, 0
            continue
        idle += 1
        if idle == GRIDS_WITHOUT_GAIN:
            break
    return replace(with_network(work, best), members={})


def _grids(network: Kan, stage: Extend, rows: int) -> list[int]:
    """Gives the network's own grid and its doublings, as far as the rows and the optimizer carry them."""
    layers = network.kan_layers
    edges = sum(len(layer.numbers) * layer.outputs for layer in layers)
    grids: list[int] = []
    grid = layers[0].grid
    while grid <= stage.max_grid:
        count = parameter_count(network) + edges * (grid - layers[0].grid)
        if grids and (count * ROWS_PER_PARAMETER > rows or count > LARGEST_LM_PARAMETERS):
            break
        grids.append(grid)
        grid *= 2
    return grids


def _smoothest(work: Work) -> Work:
    return replace(work, curvature=SMOOTHEST, slope=0.0)


def _is_noise_free(work: Work) -> bool:
    y = work.problem.y[work.problem.validation]
    variance = 0.5 * float((y - y.mean(0)).square().sum(1).mean())
    return held_loss(work) < NOISE_FREE * variance


def _best_member(work: Work) -> Kan:
    unseen = [network for number, network in work.members.items() if number % FOLDS == 0]
    return min(unseen, key=lambda network: validation_loss(work, network))
