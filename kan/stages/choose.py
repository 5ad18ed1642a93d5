"""Which shape and which penalty: the held-out rows decide, and the additive network wins ties."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kan.config import Choose, NetworkConfig
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import Problem
from kan.stages.folds import MEMBER_STEPS, fold_member
from kan.stages.members import Candidate
from kan.stages.work import StageRun, Work

PENALTIES = (1e-5, 1e-4, 1e-3)


@dataclass(frozen=True)
class Trial:
    """A candidate, its members and the loss of every row that a member held out."""

    candidate: Candidate
    members: tuple[Kan, ...]
    losses: Float[Tensor, " held"]


def choose(work: Work, stage: Choose, journal: Journal, name: str) -> StageRun:
    """Fits every candidate on some folds and keeps the best; its members go on to the average."""
    candidates = candidates_of(stage, work.config.degree)
    trials = []
    for number, candidate in enumerate(candidates):
        members = []
        for fold in range(stage.members):
            done = (number * stage.members + fold) * MEMBER_STEPS
            total = len(candidates) * stage.members * MEMBER_STEPS
            piece = f"{name}/{number}/{fold}"
            members.append((yield from fold_member(work, candidate, fold, journal, piece, done, total)))
        trials.append(Trial(candidate, tuple(members), _held_losses(work.problem, members)))
    best = pick(trials)
    hidden = (best.candidate.hidden,) if best.candidate.hidden else ()
    config = NetworkConfig(hidden, best.candidate.grid, work.config.degree, "zero")
    return replace(work, config=config, network=best.members[0], members=best.members, candidate=best.candidate)


def candidates_of(stage: Choose, degree: int = 3) -> list[Candidate]:
    """Gives every shape, those with a hidden layer once per penalty."""
    return [
        Candidate(hidden, grid, penalty, degree)
        for grid in stage.grids
        for hidden in stage.hidden
        for penalty in ((0.0,) if hidden == 0 else PENALTIES)
    ]


def pick(trials: list[Trial]) -> Trial:
    """Gives the trial with the smallest loss; an additive one within one standard error of it is preferred."""
    best = min(trials, key=lambda trial: float(trial.losses.mean()))
    additive = [trial for trial in trials if trial.candidate.hidden == 0]
    if not additive:
        return best
    simple = min(additive, key=lambda trial: float(trial.losses.mean()))
    excess = simple.losses - best.losses
    error = float(excess.std()) / len(excess) ** 0.5 if len(excess) > 1 else 0.0
    return simple if float(excess.mean()) <= error else best


def _held_losses(problem: Problem, members: list[Kan]) -> Tensor:
    held = [problem.fold(fold) for fold in range(len(members))]
    pairs = zip(members, held, strict=True)
    return torch.cat([problem.loss.rows(network_outputs(net, problem.x[rows]), problem.y[rows]) for net, rows in pairs])
