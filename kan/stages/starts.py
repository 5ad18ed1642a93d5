"""Several random starts: single ones stick in bad minima, so short runs are compared on the validation rows."""

from collections.abc import Generator
from dataclasses import replace

from kan.config import Fit, Starts
from kan.cost import choose_optimizer
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.stages.choose import PENALTIES
from kan.stages.fit import (
    Fitted,
    fit_piece,
    fresh_network,
    parameter_count,
    settle_grids,
    with_network,
)
from kan.stages.members import CURVATURE_SHARE
from kan.stages.work import StageRun, Work, held_loss
from kan.train import TrainStep

SMOOTHEST = 1e-9


def starts(work: Work, stage: Starts, journal: Journal, name: str) -> StageRun:
    """Tries every penalty from the first start, then the other starts with the best penalty; keeps the best network."""
    tries = [(0, SMOOTHEST, 0.0), *((0, CURVATURE_SHARE * slope, slope) for slope in PENALTIES)]
    if _needs_adam(work):
        tries = tries[:1]
    best: Work | None = None
    total = len(tries) + stage.count - 1
    for number in range(total):
        if number < len(tries):
            start, curvature, slope = tries[number]
        elif best is not None:
            start, curvature, slope = number - len(tries) + 1, best.curvature, best.slope
        trial = replace(work, curvature=curvature, slope=slope)
        fitted = yield from _run(trial, start, stage.steps, journal, f"{name}/{number}", number, total)
        trial = with_network(trial, fitted)
        best = trial if best is None or held_loss(trial) < held_loss(best) else best
    assert best is not None
    return best


def _run(
    work: Work, start: int, steps: int, journal: Journal, name: str, number: int, total: int
) -> Generator[TrainStep, None, Fitted]:
    """Two short fits with the grids laid over the data between them."""
    fitted = Fitted(fresh_network(work, start))
    halves = (steps - steps // 2, steps // 2) if steps > 1 else (1,)
    for half, count in enumerate(halves):
        if half:
            settle_grids(fitted.network, work.problem)
        fitting = fit_piece(
            work,
            fitted.network,
            Fit(steps=count, patience=None),
            journal,
            f"{name}/{half}",
            work.problem.train,
            hold=True,
        )
        fitted = yield from offset(fitting, number + half / len(halves), 1 / len(halves), total)
    return fitted


def offset(
    steps: Generator[TrainStep, None, Fitted], done: float, share: float, total: float
) -> Generator[TrainStep, None, Fitted]:
    """Passes the steps of one fit on as its share of a stage of `total` fits, in thousandths."""
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        position = int(1000 * (done + share * step.step / step.steps))
        yield replace(step, step=position, steps=int(1000 * total))


def validation_loss(work: Work, network: Kan) -> float:
    """Gives a network's mean loss on the validation rows."""
    rows = work.problem.validation
    return mean_loss(network, work.problem.loss, work.problem.x[rows], work.problem.y[rows])


def _needs_adam(work: Work) -> bool:
    count = parameter_count(fresh_network(work, 0))
    return choose_optimizer("auto", count, len(work.problem.train)) == "adam"
