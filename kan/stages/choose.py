"""Which shape and which penalty: the validation rows decide, and the simpler candidate wins ties."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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

PENALTIES = (3e-6, 3e-5, 3e-4)
# A candidate so many standard errors behind the best one is not started again.
HOPELESS = 2.0
# A hidden layer with more parameters than rows only harms a table, and a class tells less than a number.
ROWS_PER_PARAMETER_OF_CLASSES = 2


@dataclass(frozen=True)
class Trial:
    """A candidate, its members by number and the loss of every validation row.

    Attributes:
        members: starts that learnt without the validation rows; their numbers are multiples of `FOLDS`.
        losses: of the members' mean output.
    """

    candidate: Candidate
    members: dict[int, Kan] = field(default_factory=dict)
    losses: Float[Tensor, " validation"] = field(default_factory=lambda: torch.empty(0))


def choose(work: Work, stage: Choose, journal: Journal, name: str) -> StageRun:
    """Starts every candidate, then again those that may still win; the members of the best go on to the average.

    Averaging starts gains nothing for the additive network and much for the others, most where the penalty is small.
    So these are compared by the mean of several starts, the smaller penalty wins ties among them, and the additive
    network wins ties against them.
    """
    candidates = candidates_of(stage, work.problem, work.config.degree)
    total = sum(stage.members if candidate.hidden else 1 for candidate in candidates) * MEMBER_STEPS
    trials = [Trial(candidate) for candidate in candidates]
    done = 0
    for start in range(stage.members):
        for number in [number for number, trial in enumerate(trials) if start == 0 or is_open(trial, trials)]:
            piece = f"{name}/{number}/{start * FOLDS}"
            trials[number] = yield from _started(work, trials[number], start * FOLDS, journal, piece, done, total)
            done += MEMBER_STEPS
    best = winner(trials)
    hidden = (best.candidate.hidden,) if best.candidate.hidden else ()
    config = NetworkConfig(hidden, best.candidate.grid, work.config.degree, "zero")
    # Held-out outputs of a network from before are not this one's.
    work = replace(work, config=config, held_out=None)
    return replace(work, network=best.members[0], members=best.members, candidate=best.candidate)


def candidates_of(stage: Choose, problem: Problem, degree: int = 3) -> list[Candidate]:
    """Gives the additive network and the widest hidden layer that the training rows carry, that once per penalty."""
    return [
        Candidate(hidden, grid, penalty, degree)
        for grid in stage.grids
        for hidden in _widths(stage, grid, degree, problem)
        for penalty in ((0.0,) if hidden == 0 else PENALTIES)
    ]


def is_open(trial: Trial, trials: Sequence[Trial]) -> bool:
    """Says whether another start of a trial may change who wins."""
    best = min(trials, key=mean_loss)
    return trial.candidate.hidden > 0 and excess(trial, best) <= HOPELESS


def winner(trials: Sequence[Trial]) -> Trial:
    """Gives the additive trial if it is within a standard error of the best, else the least penalty that is so."""
    best = min(trials, key=mean_loss)
    level = [trial for trial in trials if excess(trial, best) <= 1.0]
    additive = [trial for trial in level if trial.candidate.hidden == 0]
    if additive:
        return min(additive, key=mean_loss)
    alike = [trial for trial in level if trial.candidate.grid == best.candidate.grid]
    return min(alike, key=lambda trial: trial.candidate.penalty)


def mean_loss(trial: Trial) -> float:
    """Gives the mean loss of the validation rows."""
    return float(trial.losses.mean())


def excess(trial: Trial, other: Trial) -> float:
    """Gives how far a trial's loss is above the other's on the same rows, in standard errors."""
    difference = trial.losses - other.losses
    error = float(difference.std()) / len(difference) ** 0.5 if len(difference) > 1 else 0.0
    mean = float(difference.mean())
    return mean / error if error > 0 else (0.0 if mean <= 0 else float("inf"))


def held_losses(problem: Problem, members: Mapping[int, Kan]) -> Float[Tensor, " validation"]:
    """Gives the loss of every validation row, of the members' mean output."""
    outputs = [network_outputs(network, problem.x[problem.validation]) for network in members.values()]
    return problem.loss.rows(torch.stack(outputs).mean(0), problem.y[problem.validation])


def _started(
    work: Work, trial: Trial, number: int, journal: Journal, piece: str, done: int, total: int
) -> Generator[TrainStep, None, Trial]:
    """Fits one more member of a trial and judges all of them again."""
    member = yield from fold_member(work, trial.candidate, number, journal, piece, done, total)
    members = {**trial.members, number: member}
    return Trial(trial.candidate, members, held_losses(work.problem, members))


def _widths(stage: Choose, grid: int, degree: int, problem: Problem) -> list[int]:
    def parameters(width: int) -> int:
        return NetworkConfig((width,), grid, degree, "zero").parameters(problem.input_levels, problem.outputs)

    needed = 1 if problem.loss.name == "mse" else ROWS_PER_PARAMETER_OF_CLASSES
    hidden = sorted(width for width in stage.hidden if width)
    carried = [width for width in hidden if needed * parameters(width) <= len(problem.train)]
    additive = [0] if 0 in stage.hidden else []
    return additive + (carried[-1:] or ([] if additive else hidden[:1]))
