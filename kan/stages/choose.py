"""Which shape and which penalty: the held-out rows decide, and the additive network wins ties."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kan.config import Choose, NetworkConfig
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import FOLDS, Problem
from kan.stages.folds import MEMBER_STEPS, fold_member
from kan.stages.members import Candidate
from kan.stages.work import StageRun, Work
from kan.train import TrainStep

PENALTIES = (1e-5, 1e-4, 1e-3)


@dataclass(frozen=True)
class Trial:
    """A candidate, its members by number and the loss of every row that they held out.

    Attributes:
        members: member m learnt without fold m.
        losses: of the mean output of all members that held the row out.
    """

    candidate: Candidate
    members: dict[int, Kan]
    losses: Float[Tensor, " held"]


def choose(work: Work, stage: Choose, journal: Journal, name: str) -> StageRun:
    """Fits every candidate on some folds and keeps the best; its members go on to the average.

    Averaging starts gains nothing for the additive network and much for the others, so the best of these gets a
    second start on every fold before the two are compared.
    """
    candidates = candidates_of(stage, work.config.degree)
    total = (len(candidates) + 1) * stage.members * MEMBER_STEPS
    trials = []
    for number, candidate in enumerate(candidates):
        done = number * stage.members * MEMBER_STEPS
        trial = Trial(candidate, {}, torch.empty(0))
        trials.append((yield from _more(work, trial, range(stage.members), journal, f"{name}/{number}", done, total)))
    best = min(trials, key=mean_loss)
    additive = [trial for trial in trials if trial.candidate.hidden == 0]
    if best.candidate.hidden and additive:
        second = range(FOLDS, FOLDS + stage.members)
        done = total - stage.members * MEMBER_STEPS
        best = yield from _more(work, best, second, journal, f"{name}/second", done, total)
        best = preferred(min(additive, key=mean_loss), best)
    hidden = (best.candidate.hidden,) if best.candidate.hidden else ()
    config = NetworkConfig(hidden, best.candidate.grid, work.config.degree, "zero")
    return replace(work, config=config, network=best.members[0], members=best.members, candidate=best.candidate)


def _more(
    work: Work, trial: Trial, numbers: range, journal: Journal, name: str, done: int, total: int
) -> Generator[TrainStep, None, Trial]:
    """Fits more members of a candidate and judges all of them again."""
    members = dict(trial.members)
    for place, number in enumerate(numbers):
        start = done + place * MEMBER_STEPS
        piece = f"{name}/{number}"
        members[number] = yield from fold_member(work, trial.candidate, number, journal, piece, start, total)
    return Trial(trial.candidate, members, held_losses(work.problem, members))


def candidates_of(stage: Choose, degree: int = 3) -> list[Candidate]:
    """Gives every shape, those with a hidden layer once per penalty."""
    return [
        Candidate(hidden, grid, penalty, degree)
        for grid in stage.grids
        for hidden in stage.hidden
        for penalty in ((0.0,) if hidden == 0 else PENALTIES)
    ]


def mean_loss(trial: Trial) -> float:
    """Gives the mean loss of the rows held out."""
    return float(trial.losses.mean())


def preferred(additive: Trial, other: Trial) -> Trial:
    """Gives the additive trial where its loss is within one standard error of the other's, on the same rows."""
    excess = additive.losses - other.losses
    error = float(excess.std()) / len(excess) ** 0.5 if len(excess) > 1 else 0.0
    return additive if float(excess.mean()) <= error else other


def held_losses(problem: Problem, members: Mapping[int, Kan]) -> Float[Tensor, " held"]:
    """Gives the loss of every row of the members' folds, of the mean output of those that held it out."""
    losses = []
    for fold in sorted({number % FOLDS for number in members}):
        x, y = problem.at(problem.fold(fold))
        outputs = [network_outputs(net, x) for number, net in members.items() if number % FOLDS == fold]
        losses.append(problem.loss.rows(torch.stack(outputs).mean(0), y))
    return torch.cat(losses)
