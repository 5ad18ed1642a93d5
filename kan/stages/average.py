"""Many starts, one network: the mean of members that each left out one fold."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from kan.config import Average
from kan.errors import InvalidConfig
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import FOLDS
from kan.stages.folds import MEMBER_STEPS, fold_member
from kan.stages.members import Candidate
from kan.stages.work import StageRun, Work

DEFAULT_PENALTY = 1e-5
# What one member errs by chance, and so what averaging more of them gains, falls with the rows it learns from.
ROWS_OF_ALL_MEMBERS = 20_000


def average(work: Work, stage: Average, journal: Journal, name: str) -> StageRun:
    """Fits the members that are still missing and joins all of them.

    Raises:
        InvalidConfig: the network has product nodes, or several hidden layers and none was chosen instead.
    """
    if any(work.config.products):
        raise InvalidConfig("multiply", "average joins networks without product nodes")
    if work.candidate is None and len(work.config.hidden) > 1:
        raise InvalidConfig("hidden", "average joins networks with at most one hidden layer")
    candidate = work.candidate or _candidate(work)
    count = members_of(stage, candidate, len(work.problem.every))
    numbers = _numbers(work.members, count)
    members = {number: work.members[number] for number in numbers if number in work.members}
    for place, number in enumerate(numbers):
        if number in members:
            continue
        piece, done = f"{name}/{number}", place * MEMBER_STEPS
        members[number] = yield from fold_member(work, candidate, number, journal, piece, done, count * MEMBER_STEPS)
    network = joined([members[number] for number in numbers])
    return replace(work, network=network, members=members, candidate=candidate, held_out=_held_out(work, members))


def members_of(stage: Average, candidate: Candidate, rows: int) -> int:
    """Gives how many members to average: as many as asked for where rows are few, fewer where more gain little.

    Args:
        rows: training and validation rows.
    """
    worthwhile = ROWS_OF_ALL_MEMBERS // rows if candidate.hidden else 0
    return min(stage.members, max(FOLDS, worthwhile))


def _numbers(known: Mapping[int, Kan], count: int) -> list[int]:
    """Gives the members to join: those that are there, then the first ones that are not."""
    there = sorted(known)[:count]
    return there + list(
        itertools.islice((number for number in itertools.count() if number not in there), count - len(there))
    )


def joined(members: list[Kan]) -> Kan:
    """Gives the network whose output is the mean of the members' outputs.

    Additive members on the same knots become one additive network; those with a hidden layer of h nodes become one
    with M * h nodes, the last layer divided by M.
    """
    network = members[0].copy()
    first, last = network.kan_layers[0], network.kan_layers[-1]
    with torch.no_grad():
        if len(network.kan_layers) == 1:
            first.weights.copy_(torch.stack([member.kan_layers[0].weights for member in members]).mean(0))
            return network
    hidden = sum(member.widths[1] for member in members)
    config = network.config
    wide = Kan(
        [network.widths[0], hidden, network.widths[-1]],
        grid=first.grid,
        degree=config.degree,
        base=config.base,
        grid_eps=config.grid_eps,
        input_levels=first.input_levels,
    ).to(last.knots.device)
    wide.kan_layers[0].knots = first.knots.clone()
    wide.kan_layers[0].weights = nn.Parameter(_joined(members, 0, dim=1))
    wide.kan_layers[1].weights = nn.Parameter(_joined(members, 1, dim=0) / len(members))
    wide.kan_layers[1].knots = torch.cat([member.kan_layers[1].knots for member in members])
    return wide


def _joined(members: list[Kan], depth: int, *, dim: int) -> Tensor:
    return torch.cat([member.kan_layers[depth].weights.detach() for member in members], dim=dim)


def _held_out(work: Work, members: Mapping[int, Kan]) -> Tensor:
    """Gives the mean output on the validation rows of the members that never saw them."""
    x, _ = work.problem.at(work.problem.validation)
    outputs = [network_outputs(member, x) for number, member in members.items() if number % FOLDS == 0]
    return torch.stack(outputs).mean(0)


def _candidate(work: Work) -> Candidate:
    hidden = work.config.hidden[0] if work.config.hidden else 0
    return Candidate(hidden, work.config.grid, DEFAULT_PENALTY, work.config.degree)
