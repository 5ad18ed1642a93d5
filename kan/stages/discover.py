"""How inputs work together: every small structure is fitted with splines, and the most promising become formulas.

Which structure is the right one shows best at the end: the formula of the right one leaves nothing, that of a wrong one
leaves what it cannot say.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from math import log10

import numpy as np

from kan.config_symbolic import Discover
from kan.journal import Journal
from kan.network import Kan
from kan.refine import refine
from kan.stages.fit import Fitted, with_network
from kan.stages.logit_structure import logit_structure, steps_expected
from kan.stages.ranking import spline_edges
from kan.stages.refitting import Refitted, Refitting, counted, is_level
from kan.stages.symbolify import EXACT, MOST_GROWTH, relative_rmse, snapped
from kan.stages.work import StageRun, Tensors, Work, pack_network, unpack_network
from kan.state import NetworkState
from kan.structures import MOST_INPUTS, Structure, structure_state, structures
from kan.symbolic.written import function_named
from kan.train import Outcome, TrainStep

# Intervals of a spline of a structure: few tell structures apart, and many of them are fitted.
GRID = 5
# Waves are noise to a coarse grid; where so much is left by every structure, a finer one is tried.
FINER, HARDLY_LEARNT = 16, 0.05
FIRST_STEPS, MORE_STEPS = 20, 25
# Tenfold less error is worth so many edges.
EDGES_PER_DECADE = 2.5
# Structures that are started again, and that are fitted on.
SHARE_AGAIN, FITTED_ON = 0.3, 12
# Structures of a target with noise that become formulas.
NOISY_TRIES = 3
# After an exact one, so many more.
MORE_TRIES = 2
# Standard errors by which a plainer formula may be worse: the least error of several tries is low by luck too.
BY_LUCK = 2.0
# A finer grid must leave no more than this share of the error.
FINER_HELPS = 0.5
# What a structure takes to become a formula, about.
STEPS_OF_A_TRY = 250
# Rows that tell structures apart.
MOST_ROWS = 2_000


@dataclass(frozen=True)
class Trial:
    """A structure as fitted so far; `error` is its RMSE on the validation rows in standard deviations."""

    structure: Structure
    refitted: Refitted
    error: float

    @property
    def score(self) -> float:
        """Decades of error, and a little for every edge; least is best."""
        return log10(max(self.error, EXACT)) + self.structure.splines / EDGES_PER_DECADE

    @property
    def rank(self) -> tuple[float, int]:
        """Decades of error, then complexity; a spline left is worth a decade: who asks for a formula wants it whole."""
        return log10(max(self.error, EXACT)) + len(spline_edges(self.refitted.state)), self.complexity

    @property
    def complexity(self) -> int:
        """Of all formulas together."""
        formulas = (formula for layer in self.refitted.state.layers for formula in layer.formulas)
        return sum(function_named(formula.function).complexity for formula in formulas)

    @property
    def is_exact(self) -> bool:
        """Whether it is all formulas and leaves nothing."""
        return self.error <= EXACT and not spline_edges(self.refitted.state)


Trials = Generator[TrainStep, None, list[Trial]]


def discover(work: Work, stage: Discover, journal: Journal, name: str) -> StageRun:
    """Gives the structure whose formula leaves the least, or the network as it was where none is better.

    Of two classes it is the structure of the logit. More classes and several outputs have no structures yet: the work
    goes on as it is.
    """
    problem = work.problem
    if problem.outputs > 1 or len(problem.validation) == 0:
        return work

    def run(_: Tensors | None, __: object) -> Generator[TrainStep, None, Tensors]:
        rows = problem.sample(problem.train, MOST_ROWS, problem.seed)
        refitting, inputs = Refitting(problem, rows, degree=work.config.degree), len(problem.input_levels)
        if problem.loss.name == "mse":
            steps = FIRST_STEPS * (1 + stage.starts) * len(structures(inputs)) + FITTED_ON * MORE_STEPS
            found = _found(work, refitting, stage)
        else:
            steps, found = steps_expected(inputs, stage), logit_structure(refitting, stage)
        best = yield from counted(found, steps + stage.tries * STEPS_OF_A_TRY)
        return {} if best is None else pack_network(Kan.from_state(best))

    found = yield from journal.piece(f"{name}/discover", run)
    if not found:
        return work
    network = unpack_network(work, found)
    return with_network(replace(work, curvature=0.0, slope=0.0), Fitted(network, Outcome.MAX_STEPS))


def _found(work: Work, refitting: Refitting, stage: Discover) -> Generator[TrainStep, None, NetworkState | None]:
    problem = work.problem
    trials = yield from _fitted(refitting, GRID, stage.starts)
    is_small, least = problem.x.shape[1] <= MOST_INPUTS, min(trial.error for trial in trials)
    if is_small and least > HARDLY_LEARNT and len(problem.train) >= 4 * FINER * problem.x.shape[1]:
        finer = yield from _fitted(refitting, FINER, stage.starts)
        trials = sorted([*trials, *finer], key=lambda trial: trial.score)
    # Noise tells structures apart no better for being looked at longer.
    tries = stage.tries if min(trial.error for trial in trials) < HARDLY_LEARNT else min(NOISY_TRIES, stage.tries)
    best = yield from _formula(refitting, trials, tries)
    return best.refitted.state if best is not None and _is_better(work, refitting, best) else None


def _formula(refitting: Refitting, trials: list[Trial], tries: int) -> Generator[TrainStep, None, Trial | None]:
    """Gives the best of the most promising structures once they are formulas.

    Beside an exact one a few more are tried that are no larger: exp(log(x1) + log(x2)) is x1 * x2 where both are
    positive, and there only.
    """
    ends: list[Trial] = []
    best: Trial | None = None
    left = tries
    for trial in trials:
        if best is not None and best.is_exact:
            left = min(left, MORE_TRIES)
            if trial.structure.splines > best.structure.splines or trial.error > HARDLY_LEARNT:
                continue
        if left == 0:
            break
        left -= 1
        sharp = yield from _sharpened(refitting, trial)
        end = _trial(refitting, trial.structure, (yield from snapped(refitting, sharp.refitted.state)))
        ends.append(end)
        best = min(ends, key=lambda trial: trial.rank)
    return None if best is None else _plainest(ends, best)


def _plainest(ends: list[Trial], best: Trial) -> Trial:
    """Gives the least complex of the ends that the validation rows cannot tell from the best one."""
    close = [end for end in ends if end.rank[0] <= best.rank[0] + log10(MOST_GROWTH)]
    level = [end for end in close if end is best or is_level(end.refitted, best.refitted, BY_LUCK)]
    return min(level, key=lambda end: (end.complexity, end.rank))


def _sharpened(refitting: Refitting, trial: Trial) -> Generator[TrainStep, None, Trial]:
    """Gives the structure on finer and finer grids while they help: the truer a curve, the plainer what it is."""
    grid = trial.refitted.state.layers[0].grid
    for finer in (2 * grid, 4 * grid):
        state = refine(trial.refitted.state, finer)
        better = _trial(refitting, trial.structure, (yield from refitting.run(state, MORE_STEPS, moves_grids=True)))
        if better.error > FINER_HELPS * trial.error:
            break
        trial = better
    return trial


def _is_better(work: Work, refitting: Refitting, trial: Trial) -> bool:
    if work.network is None or work.held_out is None:
        return True
    _, y = work.problem.at(work.problem.validation)
    before = float(work.problem.loss.rows(work.held_out, y).mean())
    return trial.error <= relative_rmse(refitting, before)


def _fitted(refitting: Refitting, grid: int, starts: int) -> Trials:
    """Gives all structures, fitted the longer the better they are, best first."""
    x = refitting.problem.at(refitting.rows)[0].cpu().numpy()
    found = structures(x.shape[1])
    trials = yield from _started(refitting, found, x, grid, 0)
    for start in range(1, starts):
        ranked = sorted(trials, key=lambda trial: trial.score)
        good = max(FITTED_ON, int(SHARE_AGAIN * len(trials)))
        # A small structure whose starts all failed would be missed for a larger one that holds it.
        again = [t for place, t in enumerate(ranked) if place < good or t.structure.splines <= x.shape[1] + 1]
        others = yield from _started(refitting, [trial.structure for trial in again], x, grid, start)
        trials = _best_of_each([*trials, *others])
    trials = sorted(trials, key=lambda trial: trial.score)
    for place, trial in enumerate(trials[:FITTED_ON]):
        more = yield from refitting.run(trial.refitted.state, MORE_STEPS, moves_grids=True)
        better = _trial(refitting, trial.structure, more)
        trials[place] = better if better.error < trial.error else trial
    return sorted(trials, key=lambda trial: trial.score)


def _started(refitting: Refitting, found: list[Structure], x: np.ndarray, grid: int, start: int) -> Trials:
    trials = []
    for number, structure in enumerate(found):
        seed = (refitting.problem.seed * 1009 + start) * 1009 + number
        state = structure_state(structure, x, grid, seed, refitting.degree, refitting.problem.input_levels)
        trials.append(_trial(refitting, structure, (yield from refitting.run(state, FIRST_STEPS))))
    return trials


def _best_of_each(trials: list[Trial]) -> list[Trial]:
    best: dict[str, Trial] = {}
    for trial in trials:
        known = best.get(trial.structure.name)
        if known is None or trial.error < known.error:
            best[trial.structure.name] = trial
    return list(best.values())


def _trial(refitting: Refitting, structure: Structure, refitted: Refitted) -> Trial:
    return Trial(structure, refitted, relative_rmse(refitting, refitted.held))
