"""Formulas under noise: nothing more complex than what the held-out rows can tell from something plainer.

Many changes are tried together, in halves where the held-out rows notice them, and the best network so far is what
counts: small losses do not add up.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from kan.config_symbolic import Symbolify
from kan.fewer_factors import product_factors, sum_means, without_factor
from kan.importance import edge_scores
from kan.kept_means import with_kept_means
from kan.live_paths import reached_outputs, without_dead_nodes
from kan.network import Kan
from kan.predictor import evaluate_layers
from kan.prune import live_edges, prune_edges
from kan.stages.ranking import DISTINCT, Edge, edge_samples, ranked_splines, with_fits
from kan.stages.refitting import RefitRun, Refitted, Refitting, is_level
from kan.state import Array, NetworkState
from kan.suggestions import suggestions
from kan.symbolic.affine import AffineFit
from kan.symbolic.written import function_named
from kan.train import TrainStep

T = TypeVar("T")

# Standard errors by which a change may be worse: where many are made, each must be noticed sooner.
ONE_OF_FEW, ONE_OF_MANY = 1.0, 0.3
# Where the rows that teach say that noise hides a change, the held-out ones must be sure that it does not.
SURE = 2.0

TRIAL_STEPS, LAST_STEPS = 8, 20
# Functions of an edge that are tried.
TRIALS = 3
# Steps of a fit whose constants are fitted anew with all others.
FIT_STEPS = 20
# A formula that is plainer may have one plainer still.
ROUNDS = 3
FREE_BITS = 1e-3
# Multiplications of a step, about: what costs more is not fitted anew for every change.
MOST_COST = 1e9

Fit = tuple[Edge, AffineFit]


@dataclass(frozen=True)
class Standing:
    """Where a search stands.

    Attributes:
        held: the network.
        best: the one with the least held-out loss so far, which judges.
        errors: standard errors by which a change may be worse.
        steps: for which a changed network is fitted before it is judged; 0 = it is judged as it is.
    """

    held: Refitted
    best: Refitted
    errors: float = ONE_OF_MANY
    steps: int = 0

    def after(self, held: Refitted) -> "Standing":
        """Goes on with another network."""
        return replace(self, held=held, best=held if held.held < self.best.held else self.best)


Search = Generator[TrainStep, None, Standing]
Change = Callable[[NetworkState, Sequence[T]], NetworkState | None]


def formulas_under_noise(refitting: Refitting, state: NetworkState, stage: Symbolify) -> RefitRun:
    """Drops edges, turns the others into formulas and those into plainer ones, as far as the held-out rows allow.

    First by what the edges look like, for splines with a penalty of their own are better than any that is fitted here;
    then, where that costs little, with all numbers fitted anew for every change.

    Args:
        refitting: rows and penalties.
        state: trained.
        stage: functions to try.
    """
    before = refitting.judged(state)
    standing = yield from _smaller(refitting, Standing(before, before), stage)
    fitted = yield from refitting.run(standing.held.state, LAST_STEPS)
    if fitted.held < standing.held.held:
        standing = standing.after(fitted)
    if refitting.step_cost(standing.held.state) > MOST_COST:
        return standing.held
    standing = yield from _smaller(refitting, replace(standing, steps=TRIAL_STEPS), stage)
    last = yield from refitting.run(standing.held.state, LAST_STEPS)
    return last if last.held <= standing.held.held else standing.held


def plainer(refitting: Refitting, held: Refitted, stage: Symbolify) -> RefitRun:
    """Gives the network with fewer and plainer formulas, as far as the held-out rows do not notice."""
    standing = yield from _with_fewer_parts(refitting, Standing(held, held, ONE_OF_MANY, TRIAL_STEPS))
    return (yield from _plainer(refitting, replace(standing, errors=ONE_OF_FEW), stage)).held


def _smaller(refitting: Refitting, standing: Standing, stage: Symbolify) -> Search:
    standing = yield from _with_fewer_parts(refitting, standing)
    standing = yield from _with_formulas(refitting, standing, stage)
    return (yield from _plainer(refitting, standing, stage))


def _with_fewer_parts(refitting: Refitting, standing: Standing) -> Search:
    standing = yield from _with_fewer_edges(refitting, standing)
    return (yield from _with_fewer_factors(refitting, standing))


def _with_fewer_edges(refitting: Refitting, standing: Standing) -> Search:
    x = refitting.inputs()
    state = Kan.from_state(standing.held.state).state(refitting.problem.at(refitting.rows)[0])
    scores = edge_scores(state)
    edges = sorted(live_edges(state), key=lambda edge: float(scores[edge[0]][edge[1:]]))

    def without(before: NetworkState, some: Sequence[Edge]) -> NetworkState | None:
        after = without_dead_nodes(prune_edges(before, some))
        is_severed = bool((reached_outputs(before) & ~reached_outputs(after)).any())
        return None if is_severed else with_kept_means(before, after, x)

    standing, _ = yield from _with_as_many(refitting, standing, edges, without)
    return standing


def _with_fewer_factors(refitting: Refitting, standing: Standing) -> Search:
    """Takes factors for their means, one at a time: what is left of a product has other numbers."""
    refused = 0
    while refused < len(found := product_factors(standing.held.state)):
        trial = yield from _trial(refitting, standing, _without_factor(refitting, standing, *found[refused]))
        standing, refused = (standing, refused + 1) if trial is None else (standing.after(trial), 0)
    return standing


def _without_factor(refitting: Refitting, standing: Standing, layer: int, factor: int) -> NetworkState | None:
    state = standing.held.state
    mean = float(sum_means(state, refitting.inputs(), layer)[factor])
    return without_dead_nodes(without_factor(state, layer, factor, mean)) if np.isfinite(mean) else None


def _with_formulas(refitting: Refitting, standing: Standing, stage: Symbolify) -> Search:
    ranked = ranked_splines(standing.held.state, refitting.inputs(), stage, steps=FIT_STEPS)
    first = [(edge, found[0].fit) for edge, found in ranked]
    standing, refused = yield from _with_as_many(refitting, standing, first, with_fits)
    others = {edge: found[1:TRIALS] for edge, found in ranked}
    for edge, _ in refused:
        for suggestion in others[edge]:
            standing, left = yield from _with_as_many(refitting, standing, [(edge, suggestion.fit)], with_fits)
            if not left:
                break
    return standing


def _plainer(refitting: Refitting, standing: Standing, stage: Symbolify) -> Search:
    for _ in range(ROUNDS):
        fits = _plainer_fits(standing.held.state, refitting.inputs(), stage)
        standing, refused = yield from _with_as_many(refitting, standing, fits, with_fits)
        if len(refused) == len(fits):
            break
    return standing


def _plainer_fits(state: NetworkState, x: Array, stage: Symbolify) -> list[Fit]:
    """Gives for every formula the likeliest of the functions that are plainer than its own, the likeliest first."""
    values, found = evaluate_layers(state, x), []
    for index, layer in enumerate(state.layers):
        for formula in layer.formulas:
            names = [name for name in stage.library or DISTINCT if _weight(name) < _weight(formula.function)]
            edge = (index, formula.source, formula.target)
            curve = edge_samples(state, values[index], edge)
            best = suggestions(curve, names, 1, steps=FIT_STEPS, bits_per_operation=FREE_BITS) if names else []
            found += [(suggestion.score, edge, suggestion.fit) for suggestion in best]
    return [(edge, fit) for _, edge, fit in sorted(found, key=lambda item: item[0])]


def _weight(function: str) -> int:
    return function_named(function).complexity


def _with_as_many(
    refitting: Refitting, standing: Standing, items: Sequence[T], change: Change[T]
) -> Generator[TrainStep, None, tuple[Standing, list[T]]]:
    """Gives the network after as many changes as the held-out rows do not notice, and the changes that they did."""
    waiting, refused = [list(items)] if items else [], list[T]()
    while waiting:
        some = waiting.pop()
        trial = yield from _trial(refitting, standing, change(standing.held.state, some))
        if trial is not None:
            standing = standing.after(trial)
        elif len(some) > 1:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
        else:
            refused += some
    return standing, refused


def _trial(
    refitting: Refitting, standing: Standing, state: NetworkState | None
) -> Generator[TrainStep, None, Refitted | None]:
    """Gives a changed network fitted anew, None where the rows notice."""
    if state is None:
        return None
    judged = refitting.run(state, standing.steps) if standing.steps else None
    trial = refitting.judged(state) if judged is None else (yield from judged)
    if is_level(trial, standing.best, standing.errors):
        return trial
    is_hidden = is_level(trial, standing.best, SURE) and refitting.is_hidden(trial, standing.held)
    return trial if is_hidden else None
