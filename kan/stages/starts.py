"""Several random starts: single ones stick in bad minima, so short runs are compared on the validation rows."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from kan.config import Fit, Starts
from kan.cost import carries, choose_optimizer
from kan.jacobian import parameter_count
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from kan.problem import Problem, Rows
from kan.stages.budget import affordable_starts
from kan.stages.choose import PENALTIES
from kan.stages.fit import (
    fit_piece,
    fresh_network,
    settle_grids,
    with_network,
)
from kan.stages.members import CURVATURE_SHARE
from kan.stages.work import StageRun, Work, held_loss, smoothest
from kan.train import TrainStep

# Share of the variance left unexplained below which a function is taken for one without noise.
NOISE_FREE = 0.01
# What a coarse grid leaves of most functions: another start would hardly leave less, a finer grid will.
GOOD_START = 1e-5
# A share of the variance left above which nothing much was learnt: so many times finer grids are tried, if rows allow.
HARDLY_LEARNT, FINER, CLEARLY_BETTER = 0.3, 4, 0.5
# Share of the progress that the first grid takes.
COARSE_SHARE = 0.9
# So many rows tell good starts from bad ones.
FIRST_ROWS_PER_PARAMETER = 5

T = TypeVar("T")
TrialRun = Generator[TrainStep, None, Work]


def starts(work: Work, stage: Starts, journal: Journal, name: str) -> StageRun:
    """Gives the best of several starts; where none learns much, on a finer grid: fast waves are noise to a coarse one.

    The finer grid must be paid for by rows, as any other.
    """
    best = yield from offset(_best_start(work, stage, journal, name), 0, COARSE_SHARE, 1)
    grid = work.config.grid * FINER
    while _is_hardly_learnt(best) and _is_carried(work, grid):
        finer = replace(work, config=replace(work.config, grid=grid))
        found = _best_start(finer, stage, journal, f"{name}/{grid}")
        trial = yield from offset(found, COARSE_SHARE, 1 - COARSE_SHARE, 1)
        # On noise the finer grid wins every other time, a little.
        best = trial if held_loss(trial) < CLEARLY_BETTER * held_loss(best) else best
        grid *= FINER
    return best


def _is_hardly_learnt(work: Work) -> bool:
    """A target without variance has nothing more to learn, and classes have no variance."""
    is_number = work.problem.loss.name == "mse" and _variance(work.problem) > 0
    return is_number and unexplained(work) > HARDLY_LEARNT


def _is_carried(work: Work, grid: int) -> bool:
    problem = work.problem
    parameters = replace(work.config, grid=grid).parameters(problem.input_levels, problem.outputs)
    return carries(len(problem.train), parameters)


def _best_start(work: Work, stage: Starts, journal: Journal, name: str) -> StageRun:
    """Gives the best of several starts; ends at the first that explains nearly everything.

    The first start takes all its steps at once. The others follow by successive halving: each takes a few steps, the
    better half a few more, until one is left. Where the first few steps get no start near a function without noise,
    the best of them is tried with every smoothness penalty, and all go on with the best of these.

    Source: Jamieson and Talwalkar, Non-stochastic best arm identification, AISTATS 2016 (successive halving).
    """
    contest = Contest(work, stage, journal, name)
    smooth = smoothest(work)
    trials = {0: (yield from contest.run(smooth, 0, range(contest.rungs)))}
    for start in range(1, contest.count):
        if unexplained(trials[start - 1]) < GOOD_START:
            return trials[start - 1]
        trials[start] = yield from contest.run(smooth, start, range(1))
    if contest.is_noisy(trials):
        trials = yield from _with_penalties(contest, trials)
    for rung in range(1, contest.rungs):
        trials = yield from _halved(contest, trials, rung)
    return min(trials.values(), key=held_loss)


def _with_penalties(contest: "Contest", trials: dict[int, Work]) -> Generator[TrainStep, None, dict[int, Work]]:
    """Runs the best start anew with every penalty; hands the best penalty to the other starts.

    None goes on without one: with noise an edge would end so steep where rows are few that a row a little further out
    is off by many standard deviations (concrete, [8, 5, 1]: test R2 of three splits -1.60, 0.74, 0.85, with a penalty
    0.82, 0.84, 0.89), and the validation rows need not show it.
    """
    best = min(trials, key=lambda start: held_loss(trials[start]))
    found = []
    for slope in PENALTIES:
        trial = replace(contest.work, curvature=CURVATURE_SHARE * slope, slope=slope)
        found.append((yield from contest.run(trial, best, range(contest.rungs), f"penalty{slope:g}")))
    trials[best] = chosen = min(found, key=held_loss)
    return {s: replace(trial, curvature=chosen.curvature, slope=chosen.slope) for s, trial in trials.items()}


def _halved(contest: "Contest", trials: dict[int, Work], rung: int) -> Generator[TrainStep, None, dict[int, Work]]:
    """Runs the better half of the starts further; the first one and those of penalties have had all their steps."""
    kept = sorted(trials, key=lambda start: held_loss(trials[start]))[: max(len(trials) // 2, 1)]
    found = {}
    for start in kept:
        done = contest.has_ended(start)
        found[start] = trials[start] if done else (yield from contest.run(trials[start], start, range(rung, rung + 1)))
    return found


class Contest:
    """The runs of one stage of starts, and how far it is.

    Attributes:
        count: starts.
        rungs: parts that a start's steps are divided into; after each the worse half of the starts is dropped.
    """

    def __init__(self, work: Work, stage: Starts, journal: Journal, name: str) -> None:
        self.work, self._journal, self._name = work, journal, name
        parameters = parameter_count(fresh_network(work, 0))
        self._is_large = choose_optimizer("auto", parameters, len(work.problem.train)) != "lm"
        self.rungs = min(max(stage.count.bit_length(), 2), stage.steps)
        self._steps = [stage.steps * (r + 1) // self.rungs - stage.steps * r // self.rungs for r in range(self.rungs)]
        self._few = self._sample(FIRST_ROWS_PER_PARAMETER * parameters)
        # Without a hidden layer or a product every start ends in the same network.
        several = work.config.hidden or any(work.config.products)
        self.count = affordable_starts(stage, self._steps, parameters, len(self._few)) if several else 1
        self._ended: set[int] = set()
        self._runs, self._most_runs = 0, self.rungs * (1 + len(PENALTIES)) + 2 * self.count

    def is_noisy(self, trials: dict[int, Work]) -> bool:
        """Says whether penalties are worth a try: no start is near a function without noise; batches need none."""
        return not self._is_large and min(map(unexplained, trials.values())) > NOISE_FREE

    def has_ended(self, start: int) -> bool:
        """Says whether a start has taken all its steps."""
        return start in self._ended

    def run(self, trial: Work, start: int, rungs: range, label: str = "start") -> TrialRun:
        """Runs a start through some rungs, its grids laid over the data between them."""
        for rung in rungs:
            network = trial.network if rung else fresh_network(self.work, start)
            assert network is not None
            if rung:
                settle_grids(network, self.work.problem)
            piece = f"{self._name}/{label}/{start}/{rung}"
            rows = self.work.problem.train if rung else self._few
            settings = Fit(steps=self._steps[rung], patience=None)
            fitting = fit_piece(trial, network, settings, self._journal, piece, rows, hold=True)
            trial = with_network(trial, (yield from offset(fitting, self._runs, 1, self._most_runs)))
            self._runs += 1
            if rung == self.rungs - 1:
                self._ended.add(start)
        return trial

    def _sample(self, count: int) -> Rows:
        problem = self.work.problem
        return problem.train if self._is_large else problem.sample(problem.train, count, problem.seed)


def unexplained(work: Work) -> float:
    """Gives the share of the held rows' variance that is left; 1 where there is none or the loss is not of squares."""
    if work.problem.loss.name != "mse":
        return 1.0
    variance = _variance(work.problem)
    return held_loss(work) / variance if variance > 0 else 1.0


def _variance(problem: Problem) -> float:
    """Gives the mean loss of the best constant on the validation rows."""
    y = problem.at(problem.validation)[1]
    return 0.5 * float((y - y.mean(0)).square().sum(1).mean())


def offset(
    steps: Generator[TrainStep, None, T], done: float, share: float, total: float
) -> Generator[TrainStep, None, T]:
    """Passes the steps of one fit on as its share of a stage of `total` fits, in thousandths."""
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            value: T = stop.value
            return value
        position = int(1000 * (done + share * step.step / step.steps))
        yield replace(step, step=position, steps=int(1000 * total))


def validation_loss(work: Work, network: Kan) -> float:
    """Gives a network's mean loss on the validation rows."""
    return mean_loss(network, work.problem.loss, *work.problem.at(work.problem.validation))
