"""Edges become formulas, one at a time: each is judged by the validation rows once all other numbers are fitted anew.

What an edge looks like only says what to try. An edge whose best functions all cost too much stays a spline: a hybrid
is a legal end.
"""

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from kan.config import Fit
from kan.config_symbolic import Symbolify
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.network import Kan
from kan.stages.choose import PENALTIES
from kan.stages.fit import Fitted, fit_piece, with_network, with_trained
from kan.stages.members import CURVATURE_SHARE
from kan.stages.plainer import formulas_under_noise, plainer
from kan.stages.ranking import Edge, Ranked, ranked_splines, spline_edges, with_fit
from kan.stages.refitting import RefitRun, Refitted, Refitting, counted
from kan.stages.starts import NOISE_FREE
from kan.stages.work import StageRun, Tensors, Work, held_loss, pack_network, unpack_network
from kan.state import EdgeFormula, NetworkState
from kan.suggestions import Suggestion
from kan.symbolic.normal_form import plainer_phase
from kan.train import TrainStep

# Functions of an edge that are tried, and steps after which a trial is judged.
TRIALS, TRIAL_STEPS = 3, 15
LAST_STEPS = 40
# Over the number of rows: the slope's penalty for classes, about as strong as that of their formulas.
CLASS_SLOPE = 0.1
# RMSE on the validation rows may grow by so much.
MOST_GROWTH = 1.05
MOST_ROWS = 4_000
DEFAULT = Symbolify()
# A later, less likely function must leave so much less of the error.
CLEARLY_BETTER = 0.7
# Where a function leaves no more of an edge's own variance and costs nothing, no less likely one is asked.
SURE = 1e-7
# RMSE, in standard deviations, that costs nothing: splines with their ridge leave no less; and that is rounding.
NO_COST = 1e-5
EXACT = 1e-7


def symbolify(work: Work, stage: Symbolify, journal: Journal, name: str) -> StageRun:
    """Turns splines of the network into formulas; one that is all formulas is fitted to all rows at the end."""
    if work.network is None:
        raise InvalidConfig("recipe", "expected a stage that trains before symbolify")
    before = work.network

    def run(_: Tensors | None, __: object) -> Generator[TrainStep, None, Tensors]:
        refitting = _refitting(work)
        state = before.state()
        expected = TRIALS * TRIAL_STEPS * (1 + len(spline_edges(state))) + LAST_STEPS
        search = formulas_under_noise if refitting.slope > 0 else snapped
        found = yield from counted(search(refitting, state, stage), expected)
        return pack_network(Kan.from_state(in_normal_form(found.state)))

    network = unpack_network(work, (yield from journal.piece(f"{name}/symbolify", run)))
    if spline_edges(network.state()) or any(levels is not None for levels in work.problem.input_levels):
        return with_trained(work, Fitted(network))
    # A few constants fitted to the training rows anew remember nothing of the validation rows; splines may.
    work = with_network(work, Fitted(network))
    last = yield from refitted_on_all(work, journal, f"{name}/all")
    return replace(work, network=last)


def refitted_on_all(work: Work, journal: Journal, name: str) -> Generator[TrainStep, None, Kan]:
    """Gives the network with its few constants fitted to training and validation rows together."""
    assert work.network is not None
    settings = Fit(steps=LAST_STEPS, patience=None)
    piece = yield from fit_piece(work, work.network, settings, journal, name, work.problem.every, hold=False)
    return piece.network


def smooth_for_classes(refitting: Refitting) -> Refitting:
    """Gives the penalties under which splines of classes learn no noise."""
    return _smooth(refitting, max(PENALTIES[1], CLASS_SLOPE / len(refitting.rows)))


def _refitting(work: Work) -> Refitting:
    """Splines of a target with noise, as classes are, stay smooth; else they would learn it."""
    problem = work.problem
    plain = Refitting(problem, problem.sample(problem.train, MOST_ROWS, problem.seed))
    if problem.loss.name != "mse":
        return smooth_for_classes(plain)
    return _smooth(plain, PENALTIES[1]) if held_loss(work) > NOISE_FREE * plain.variance() else plain


def _smooth(refitting: Refitting, slope: float) -> Refitting:
    return replace(refitting, curvature=CURVATURE_SHARE * slope, slope=slope)


def snapped(refitting: Refitting, state: NetworkState, stage: Symbolify = DEFAULT) -> RefitRun:
    """Turns as many splines into formulas as the validation rows allow, the most certain first.

    First only functions that cost nothing are taken, so that no wrong one bars the way to the right ones; then those
    that cost no more than `negligible` standard deviations of the target.

    Args:
        refitting: rows and penalties.
        state: trained.
        stage: functions to try, and what they may cost.
    """
    held, ranked = refitting.judged(state), None
    for floor in (min(NO_COST, stage.negligible), stage.negligible):
        taken: Refitted | None = held
        while taken is not None:
            # What was refused left the network as it was, and so what its edges look like.
            ranked = ranked_splines(held.state, refitting.inputs(), stage) if ranked is None else ranked
            taken = yield from _first_accepted(refitting, held, ranked, floor)
            if taken is not None:
                held, ranked = taken, None
    last = yield from refitting.run(held.state, LAST_STEPS)
    best = last if last.held <= held.held else held
    if relative_rmse(refitting, best.held) > NO_COST:
        best = yield from plainer(refitting, best, stage)
    return replace(best, state=in_normal_form(best.state))


def _first_accepted(
    refitting: Refitting, held: Refitted, ranked: Ranked, floor: float
) -> Generator[TrainStep, None, Refitted | None]:
    """Gives the network with a formula on the first edge that has one good enough, None where no edge has."""
    for edge, found in ranked:
        taken = yield from _tried(refitting, held, edge, found[:TRIALS], floor)
        if taken is not None:
            return taken
    return None


def in_normal_form(state: NetworkState) -> NetworkState:
    """Gives the network with each formula written in its one way; what it predicts stays the same."""

    def written(edge: EdgeFormula) -> EdgeFormula:
        function, *constants = plainer_phase(edge.function, edge.a, edge.b, edge.c, edge.d)
        return EdgeFormula(edge.source, edge.target, function, *constants)

    layers = [replace(layer, formulas=tuple(map(written, layer.formulas))) for layer in state.layers]
    return replace(state, layers=tuple(layers))


def relative_rmse(refitting: Refitting, loss: float) -> float:
    """Gives a mean loss of the validation rows as RMSE in standard deviations of the target."""
    return float(np.sqrt(loss / refitting.variance()))


def _tried(
    refitting: Refitting, before: Refitted, edge: Edge, found: list[Suggestion], floor: float
) -> Generator[TrainStep, None, Refitted | None]:
    """Gives the network with the best of some functions on an edge, None where each costs too much."""
    allowed = max(MOST_GROWTH * relative_rmse(refitting, before.held), floor)
    best: Refitted | None = None
    for suggestion in found:
        trial = yield from refitting.run(with_fit(before.state, edge, suggestion.fit), TRIAL_STEPS)
        error = relative_rmse(refitting, trial.held)
        if error <= allowed and (best is None or error < CLEARLY_BETTER * relative_rmse(refitting, best.held)):
            best = trial
        is_sure = best is trial and suggestion.fit.r2 > 1.0 - SURE
        if error <= EXACT or is_sure:
            break
    return best
