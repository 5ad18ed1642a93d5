"""Fits of one candidate to some of the rows: the additive network by REML, a hidden layer by a given penalty."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from kan.jacobian import set_parameters
from kan.move_grid import normalise_nodes
from kan.network import Kan
from kan.optimizers.gauss_newton import quadratic_model
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.protocol import Step
from kan.penalty import LayerPenalty, constant_penalty, penalty_matrix
from kan.problem import Problem
from kan.reml import update_penalties

# More rows than this hardly change a network of a few hundred numbers, and a step's cost grows with them.
MEMBER_ROWS = 20_000
FIRST_STEPS, INNER_STEPS, LAST_STEPS = 8, 3, 6
OUTER_STEPS = 12
OUTER_TOLERANCE = 1e-3
FIRST_PENALTY = 1e-4
# The curvature matrix weighs grid^3 where slope weighs grid; with this share both bend an edge about alike, and on
# noisy tables it beat equal weights (concrete, three splits, 5 members: test R2 0.920 against 0.907).
CURVATURE_SHARE = 0.1


@dataclass(frozen=True)
class Candidate:
    """A shape and its penalty.

    Attributes:
        hidden: nodes of the hidden layer; 0 = the additive network, whose penalties are estimated edge by edge.
        grid: intervals of every spline.
        penalty: weight of the slope of every edge, a tenth of it for curvature; unused by the additive network.
    """

    hidden: int
    grid: int
    penalty: float = 0.0


def fit_member(problem: Problem, candidate: Candidate, rows: Tensor, start: int, steps: int) -> "Iterator[Step | Kan]":
    """Fits a candidate to some rows; yields each step and last the network.

    Args:
        rows: indices of the rows to learn from.
        start: number of the random start.
        steps: of a network with a hidden layer.
    """
    rows = _at_most(rows, problem.seed + start)
    x, y = problem.x[rows], problem.y[rows]
    if candidate.hidden == 0:
        return _fit_additive(problem, candidate, x, y)
    return _fit_hidden(problem, candidate, x, y, start, steps)


def _at_most(rows: Tensor, seed: int) -> Tensor:
    if len(rows) <= MEMBER_ROWS:
        return rows
    generator = torch.Generator().manual_seed(seed)
    return rows[torch.randperm(len(rows), generator=generator)[:MEMBER_ROWS].to(rows.device)]


def _fit_additive(problem: Problem, candidate: Candidate, x: Tensor, y: Tensor) -> "Iterator[Step | Kan]":
    network = Kan(
        [x.shape[1], problem.outputs], grid=candidate.grid, base="zero", input_levels=problem.input_levels
    ).to(x.device)
    set_parameters(network, torch.zeros(sum(p.numel() for p in network.parameters()), dtype=x.dtype))
    penalties = constant_penalty(network, FIRST_PENALTY, FIRST_PENALTY)
    yield from _run(problem, network, penalties, x, y, FIRST_STEPS)
    before = float("inf")
    for _ in range(OUTER_STEPS):
        model = quadratic_model(network, problem.loss, x, y)
        if abs(before - model.loss) < OUTER_TOLERANCE * abs(model.loss):
            break
        before = model.loss
        penalties = update_penalties(network, penalties, model, problem.loss, len(x))
        yield from _run(problem, network, penalties, x, y, INNER_STEPS)
    yield from _run(problem, network, penalties, x, y, LAST_STEPS)
    yield network


def _fit_hidden(
    problem: Problem, candidate: Candidate, x: Tensor, y: Tensor, start: int, steps: int
) -> "Iterator[Step | Kan]":
    widths = [x.shape[1], candidate.hidden, problem.outputs]
    seed = problem.seed * 1009 + start
    network = Kan(widths, grid=candidate.grid, base="zero", seed=seed, input_levels=problem.input_levels).to(x.device)
    for part in (steps // 3, steps - steps // 3):
        normalise_nodes(network, x)
        penalties = constant_penalty(network, CURVATURE_SHARE * candidate.penalty, candidate.penalty)
        yield from _run(problem, network, penalties, x, y, part)
    yield network


def _run(
    problem: Problem, network: Kan, penalties: list[LayerPenalty], x: Tensor, y: Tensor, steps: int
) -> Iterator[Step]:
    optimizer = LevenbergMarquardt(network, problem.loss, x, y, penalty=penalty_matrix(network, penalties))
    for _ in range(steps):
        step = optimizer.step()
        yield step
        if step.converged:
            return
