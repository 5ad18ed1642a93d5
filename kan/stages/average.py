"""Many starts, one network: the mean of members that each left out one fold."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from kan.config import Average
from kan.journal import Journal
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import FOLDS
from kan.stages.folds import MEMBER_STEPS, fold_member
from kan.stages.members import Candidate
from kan.stages.work import StageRun, Work

DEFAULT_PENALTY = 1e-5


def average(work: Work, stage: Average, journal: Journal, name: str) -> StageRun:
    """Fits the members that are still missing and joins all of them."""
    candidate = work.candidate or _candidate(work)
    members = {number: network for number, network in work.members.items() if number < stage.members}
    for number in range(stage.members):
        if number in members:
            continue
        piece, done = f"{name}/{number}", number * MEMBER_STEPS
        total = stage.members * MEMBER_STEPS
        members[number] = yield from fold_member(work, candidate, number, journal, piece, done, total)
    network = joined([members[number] for number in range(stage.members)])
    return replace(work, network=network, members=members, candidate=candidate, held_out=_held_out(work, members))


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
