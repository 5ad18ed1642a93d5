"""How inputs work together in the logit of two classes: a structure other than a sum is taken where rows demand it.

A class tells less than a number: structures are told apart by standard errors of the log-loss, not by what is left, and
only those are tried that read each input once.
"""

from collections.abc import Generator
from math import log

from kan.config_symbolic import Discover
from kan.stages.plainer import formulas_under_noise
from kan.stages.ranking import spline_edges
from kan.stages.refitting import Refitted, Refitting, is_level
from kan.stages.symbolify import DEFAULT, smooth_for_classes
from kan.state import NetworkState
from kan.structures import Structure, structure_state, structures
from kan.symbolic.written import function_named
from kan.train import TrainStep

GRID, STEPS = 5, 20
# Structures that become formulas.
TRIES = 3
# Standard errors by which one of two may be worse by luck.
BY_LUCK = 2.0

Run = Generator[TrainStep, None, NetworkState | None]


def logit_structure(refitting: Refitting, stage: Discover) -> Run:
    """Gives the plainest network of formulas with as little log-loss as any, None where a sum of curves has as little.

    Args:
        refitting: rows of two classes.
        stage: starts of every structure, and how many become formulas at most.
    """
    refitting = smooth_for_classes(refitting)
    found = [structure for structure in structures(refitting.problem.x.shape[1]) if structure.reads_once]
    trials = yield from _fitted(refitting, found, stage.starts)
    # The least of many is low by luck: that of n normal numbers is about so many standard errors below their mean.
    errors = max(BY_LUCK, (2.0 * log(len(found))) ** 0.5)
    best = min(trials, key=lambda trial: trial.held)
    if is_level(trials[0], best, errors):
        return None
    level = [trial for trial in trials if is_level(trial, best, errors)]
    ends = []
    # The sum among them: its curves may only have been too smooth, which its formulas are not.
    for trial in [trials[0], *level[: min(TRIES, stage.tries)]]:
        ends.append((yield from formulas_under_noise(refitting, trial.state, DEFAULT)))
    plainest = _plainest(ends, errors)
    return None if plainest is ends[0] else plainest.state


def steps_expected(inputs: int, stage: Discover) -> int:
    """Gives how many steps it takes, at most about."""
    return STEPS * stage.starts * sum(structure.reads_once for structure in structures(inputs))


def _fitted(refitting: Refitting, found: list[Structure], starts: int) -> Generator[TrainStep, None, list[Refitted]]:
    """Gives the best of the starts of every structure, in their order, which is simple ones first."""
    x, trials = refitting.inputs(), []
    for number, structure in enumerate(found):
        runs = []
        for start in range(starts):
            seed = (refitting.problem.seed * 1009 + start) * 1009 + number
            state = structure_state(structure, x, GRID, seed, refitting.degree, refitting.problem.input_levels)
            runs.append((yield from refitting.run(state, STEPS)))
        trials.append(min(runs, key=lambda run: run.held))
    return trials


def _plainest(ends: list[Refitted], errors: float) -> Refitted:
    """Gives the plainest of the networks that the validation rows cannot tell from the best one."""
    best = min(ends, key=lambda end: end.held)
    level = [end for end in ends if end is best or is_level(end, best, errors)]
    return min(level, key=lambda end: (len(spline_edges(end.state)), _complexity(end.state), end.held))


def _complexity(state: NetworkState) -> int:
    return sum(function_named(formula.function).complexity for layer in state.layers for formula in layer.formulas)
