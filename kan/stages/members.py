"""Fits of one candidate to some of the rows: the additive network by REML, a hidden layer by a given penalty."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kan.additive import AdditiveRows, Newton
from kan.cost import LARGEST_BATCH, MEMBER_ROWS, choose_optimizer
from kan.jacobian import parameter_vector, set_parameters
from kan.journal import Journal
from kan.move_grid import move_grids, normalise_nodes
from kan.network import Kan
from kan.optimizers.adam import Adam
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.optimizers.protocol import Optimizer
from kan.penalty import LayerPenalty, constant_penalty, penalty_matrix
from kan.problem import Problem, Rows
from kan.reml import update_penalties
from kan.train import Outcome, Tensors, TrainStep, train

# Adam's steps are one batch each and so much cheaper; a recipe's steps are meant for Levenberg-Marquardt.
ADAM_STEPS_PER_STEP = 50
LEARNING_RATE = 5e-3
FIRST_STEPS, INNER_STEPS, LAST_STEPS = 8, 1, 6
OUTER_STEPS = 12
LAST_LAYER_STEPS = 5
# Class probabilities go on to sharpen where numbers have settled.
CLASS_STEPS_SHARE = (2, 3)
OUTER_TOLERANCE = 1e-3
FIRST_PENALTY = 1e-4
# The curvature matrix weighs grid^3 where slope weighs grid; with this share both bend an edge about alike, and on
# noisy tables it beat equal weights (concrete, three splits, 5 members: test R2 0.920 against 0.907).
CURVATURE_SHARE = 0.1

MemberRun = Generator[TrainStep, None, Kan]


@dataclass(frozen=True)
class Candidate:
    """A shape and its penalty.

    Attributes:
        hidden: nodes of the hidden layer; 0 = the additive network, whose penalties are estimated edge by edge.
        grid: intervals of every spline.
        penalty: weight of the slope of every edge, a tenth of it for curvature; unused by the additive network.
        degree: of every spline.
    """

    hidden: int
    grid: int
    penalty: float = 0.0
    degree: int = 3


@dataclass(frozen=True)
class Fitting:
    """One member's rows and its place in the journal; every run of an optimizer is a piece that can be resumed."""

    problem: Problem
    x: Tensor
    y: Tensor
    journal: Journal
    name: str


def fit_member(
    problem: Problem, candidate: Candidate, rows: Rows, start: int, steps: int, journal: Journal, name: str
) -> MemberRun:
    """Fits a candidate to some rows; yields each step and returns the network.

    Args:
        rows: those to learn from.
        start: number of the random start.
        steps: of a network with a hidden layer.
        journal, name: where the runs of the optimizer are kept.
    """
    rows = problem.sample(rows, MEMBER_ROWS, problem.seed + start)
    fitting = Fitting(problem, *problem.at(rows), journal, name)
    network = _fresh(problem, candidate, start)
    count = sum(weights.numel() for weights in network.parameters())
    if choose_optimizer("auto", count, len(rows)) != "lm":
        return _fit_large(fitting, network, start, steps)
    if candidate.hidden == 0:
        return _fit_additive(fitting, network)
    return _fit_hidden(fitting, candidate, network, steps)


def _fresh(problem: Problem, candidate: Candidate, start: int) -> Kan:
    """Builds a candidate from a random start; every member gets the same first grid, so that they can be joined."""
    network = Kan(
        [problem.x.shape[1], *([candidate.hidden] if candidate.hidden else []), problem.outputs],
        grid=candidate.grid,
        degree=candidate.degree,
        base="zero",
        seed=problem.seed * 1009 + start,
        input_levels=problem.input_levels,
    ).to(problem.x.device)
    if problem.raw_inputs:
        move_grids(network, problem.at(problem.train)[0], first=True)
    return network


def _fit_additive(fitting: Fitting, network: Kan) -> MemberRun:
    problem, x, y = fitting.problem, fitting.x, fitting.y
    set_parameters(network, torch.zeros(sum(p.numel() for p in network.parameters()), dtype=x.dtype))
    rows = AdditiveRows(network, problem.loss, x, y)
    penalties = constant_penalty(network, FIRST_PENALTY, FIRST_PENALTY)
    yield from _run_newton(fitting, network, rows, penalties, FIRST_STEPS, "first")
    before = float("inf")
    for number in range(OUTER_STEPS):
        model = rows.quadratic_model(parameter_vector(network))
        if abs(before - model.loss) < OUTER_TOLERANCE * abs(model.loss):
            break
        before = model.loss
        penalties = update_penalties(network, penalties, model, problem.loss, len(x))
        yield from _run_newton(fitting, network, rows, penalties, INNER_STEPS, str(number))
    yield from _run_newton(fitting, network, rows, penalties, LAST_STEPS, "last")
    return network


def _run_newton(
    fitting: Fitting, network: Kan, rows: AdditiveRows, penalties: list[LayerPenalty], steps: int, name: str
) -> Generator[TrainStep, None, None]:
    newton = Newton(network, rows, penalty_matrix(network, penalties))
    yield from _run_optimizer(fitting, network, newton, steps, name)


def _fit_hidden(fitting: Fitting, candidate: Candidate, network: Kan, steps: int) -> MemberRun:
    if fitting.problem.loss.name != "mse":
        steps = steps * CLASS_STEPS_SHARE[0] // CLASS_STEPS_SHARE[1]
    for number, part in enumerate((steps // 3, steps - steps // 3)):
        normalise_nodes(network, fitting.x)
        penalties = constant_penalty(network, CURVATURE_SHARE * candidate.penalty, candidate.penalty)
        if number == 0:
            yield from _fit_last_layer(fitting, network, penalties)
        yield from _run(fitting, network, penalties, part, str(number))
    return network


def _fit_last_layer(fitting: Fitting, network: Kan, penalties: list[LayerPenalty]) -> Generator[TrainStep, None, None]:
    """Fits the last layer to the hidden nodes as they are, which is an additive network of them: convex and cheap."""
    first, last = network.kan_layers
    state = network.state()
    alone = Kan.from_state(replace(state, layers=state.layers[-1:])).to(fitting.x.device)
    with torch.no_grad():
        rows = AdditiveRows(alone, fitting.problem.loss, first(fitting.x), fitting.y)
    set_parameters(alone, torch.zeros(last.weights.numel(), dtype=fitting.x.dtype, device=fitting.x.device))
    yield from _run_newton(fitting, alone, rows, penalties[-1:], LAST_LAYER_STEPS, "start")
    with torch.no_grad():
        last.weights.copy_(alone.kan_layers[0].weights)


def _fit_large(fitting: Fitting, network: Kan, start: int, steps: int) -> MemberRun:
    """Fits by Adam what is too large for a matrix of parameters by parameters; the batches take the penalty's place."""
    problem, x = fitting.problem, fitting.x
    normalise_nodes(network, x)
    optimizer = Adam(
        network,
        problem.loss,
        x,
        fitting.y,
        steps=steps * ADAM_STEPS_PER_STEP,
        batch_size=min(LARGEST_BATCH, max(32, len(x) // 20)),
        learning_rate=LEARNING_RATE,
        seed=problem.seed + start,
    )
    yield from _run_optimizer(fitting, network, optimizer, steps * ADAM_STEPS_PER_STEP, "adam")
    return network


def _run(
    fitting: Fitting, network: Kan, penalties: list[LayerPenalty], steps: int, name: str
) -> Generator[TrainStep, None, None]:
    penalty = penalty_matrix(network, penalties)
    optimizer = LevenbergMarquardt(network, fitting.problem.loss, fitting.x, fitting.y, penalty=penalty)
    yield from _run_optimizer(fitting, network, optimizer, steps, name)


def _run_optimizer(
    fitting: Fitting, network: Kan, optimizer: Optimizer, steps: int, name: str
) -> Generator[TrainStep, None, None]:
    def run(resume: Tensors | None, register: Callable[..., None]) -> Generator[TrainStep, None, Tensors]:
        ended = yield from train(
            network, optimizer, fitting.problem.loss, steps=steps, resume=resume, register=register
        )
        if ended is Outcome.OUT_OF_MEMORY:
            # Cut short, it would weigh as much in the average as the members that were not.
            raise MemoryError("memory ran out while a member of an average was fitted")
        return {"weights": parameter_vector(network)}

    done = yield from fitting.journal.piece(f"{fitting.name}/{name}", run)
    set_parameters(network, done["weights"])
