"""Train a given network: the optimizer that its size asks for, the validation rows keep the best weights."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kan.config import Fit, Refit
from kan.config_constraints import Constraint
from kan.constraints import with_constraints, with_kept_shapes
from kan.cost import BATCH_NUMBERS, LARGEST_BATCH, choose_optimizer
from kan.errors import InvalidConfig
from kan.jacobian import parameter_count, set_parameters
from kan.journal import Journal
from kan.move_grid import move_grids, normalise_nodes
from kan.network import Kan
from kan.optimizers.adam import Adam
from kan.optimizers.gauss_newton import network_outputs
from kan.optimizers.lbfgs import Lbfgs
from kan.optimizers.protocol import Optimizer
from kan.optimizers.sparse import SparseLevenbergMarquardt
from kan.penalty import constant_penalty, penalty_product
from kan.problem import Problem, Rows
from kan.stages.budget import affordable_steps
from kan.stages.members import ADAM_STEPS_PER_STEP, LEARNING_RATE
from kan.stages.smooth import RIDGE, TOLERANCE, levenberg_marquardt, smoothness
from kan.stages.work import StageRun, Tensors, Work, held_loss, pack_network, unlearnt, unpack_network
from kan.train import Held, Outcome, TrainStep, train

# A step of L-BFGS is so much cheaper than one of Levenberg-Marquardt, and gets so much less far.
LBFGS_STEPS_PER_STEP = 10


@dataclass(frozen=True)
class Fitted:
    """A network and how its last fit ended."""

    network: Kan
    outcome: Outcome = Outcome.MAX_STEPS


def fit(work: Work, stage: Fit, journal: Journal, name: str) -> StageRun:
    """Fits the network to the training rows; what it learnt of the validation rows before counts for nothing."""
    network = work.network if work.network is not None else fresh_network(work, start=0, settled=stage.update_grid)
    work = replace(work, curvature=stage.curvature, slope=0.0)
    fitted = yield from fit_piece(work, network, stage, journal, name + "/fit", work.problem.train, hold=True)
    return with_trained(work, fitted)


def refit(work: Work, stage: Refit, journal: Journal, name: str) -> StageRun:
    """Fits once more to training and validation rows together; the held-out outputs stay those from before."""
    if work.network is None:
        raise InvalidConfig("recipe", "expected a stage that trains before refit")
    rows = work.problem.every
    steps = affordable_steps(stage.steps, stage.max_work, parameter_count(work.network), len(rows))
    settings = Fit(steps=steps, patience=None, constraints=stage.constraints)
    fitted = yield from fit_piece(work, work.network, settings, journal, name + "/fit", rows, hold=False)
    return replace(work, network=fitted.network, outcome=fitted.outcome)


def fit_piece(
    work: Work, network: Kan, settings: Fit, journal: Journal, name: str, rows: Rows, *, hold: bool
) -> Generator[TrainStep, None, Fitted]:
    """Fits a copy of a network to some rows, as one piece of the journal.

    Args:
        hold: keep the weights that are best on the validation rows.
    """

    def run(resume: Tensors | None, register: Callable[..., None]) -> Generator[TrainStep, None, Tensors]:
        copy = shaped(network, settings.constraints)

        def registered(snapshot: Callable[[], Tensors]) -> None:
            register(snapshot)
            if hold:
                journal.network_in_hand = lambda: pack_network(_with_weights(copy, snapshot()["best"]))

        judge = work.problem.validation
        optimizer = make_optimizer(work, copy, settings, rows)
        outcome = yield from train(
            copy,
            optimizer,
            work.problem.loss,
            steps=steps_of(optimizer, settings),
            held=Held(*work.problem.at(judge), judge_every(optimizer, len(judge))) if hold and len(judge) else None,
            patience=None if settings.patience is None else settings.patience * _scale(optimizer),
            resume=resume,
            register=registered,
        )
        return {**pack_network(copy), "outcome": torch.tensor(list(Outcome).index(outcome))}

    tensors = dict((yield from journal.piece(name, run)))
    outcome = list(Outcome)[int(tensors.pop("outcome"))]
    return Fitted(unpack_network(work, tensors), outcome)


def shaped(network: Kan, constraints: Sequence[Constraint] | None = None) -> Kan:
    """Gives a copy whose edges have the shapes that they keep.

    Args:
        network: some edges of which may have lost their shape.
        constraints: that take the place of those that the network has; None = those.
    """
    state = network.state()
    state = with_kept_shapes(state) if constraints is None else with_constraints(state, constraints)
    return Kan.from_state(state).to(network.kan_layers[0].weights)


def _with_weights(network: Kan, weights: Tensor) -> Kan:
    copy = network.copy()
    set_parameters(copy, weights)
    return copy


def fresh_network(work: Work, start: int, *, settled: bool = True) -> Kan:
    """Builds the given shape from a random start, its grids laid over the data, or as built: over [-1, 1]."""
    problem, config = work.problem, work.config
    network = Kan(
        config.widths(len(problem.input_levels), problem.outputs),
        grid=config.grid,
        degree=config.degree,
        base=config.base,
        grid_eps=config.grid_eps,
        seed=problem.seed * 1009 + start,
        input_levels=problem.input_levels,
        products=config.products,
    ).to(problem.x.device)
    if settled:
        settle_grids(network, problem)
    return network


def settle_grids(network: Kan, problem: Problem) -> None:
    """Lays the grids over the training rows; without a base branch hidden nodes get a scale of one as well."""
    x, _ = problem.at(problem.train)
    move_grids(network, x, first=problem.raw_inputs or network.config.grid_eps < 1.0)
    if network.config.base == "zero" and network.config.grid_eps >= 1.0:
        normalise_nodes(network, x, cover=True)


def make_optimizer(work: Work, network: Kan, settings: Fit, rows: Rows) -> Optimizer:
    """Gives the optimizer of the settings; "auto" takes Levenberg-Marquardt where its cost allows.

    Raises:
        InvalidConfig: edges keep a shape, which the optimizer or the penalty that is asked for would not.
    """
    settings = replace(settings, constraints=network.constraints)
    x, y = work.problem.at(rows)
    loss = work.problem.loss
    name = choose_optimizer(settings.optimizer, parameter_count(network), len(rows))
    if settings.lamb > 0:
        matrix = smoothness(network, work.curvature, work.slope)
        return SparseLevenbergMarquardt(network, loss, x, y, penalty=matrix, factors=settings)
    if name == "lm":
        return levenberg_marquardt(network, loss, x, y, curvature=work.curvature, slope=work.slope)
    if name == "lbfgs":
        product = penalty_product(network, constant_penalty(network, work.curvature, work.slope), RIDGE)
        return Lbfgs(network, loss, x, y, penalty=product, tolerance=TOLERANCE)
    return Adam(
        network,
        loss,
        x,
        y,
        steps=settings.steps * ADAM_STEPS_PER_STEP,
        batch_size=settings.batch_size or _batch_size(network, len(rows)),
        learning_rate=settings.learning_rate or LEARNING_RATE,
        seed=work.problem.seed,
    )


def steps_of(optimizer: Optimizer, settings: Fit) -> int:
    """Gives the steps to make in the optimizer's own measure."""
    return settings.steps * _scale(optimizer)


def judge_every(optimizer: Optimizer, held_rows: int) -> int:
    """Gives the steps between two judgements, so that those of a mini-batch do not cost more than the training."""
    return max(1, held_rows // (2 * optimizer.batch_size)) if isinstance(optimizer, Adam) else 1


def with_network(work: Work, fitted: Fitted) -> Work:
    """Puts a network that never saw the validation rows into the work, with its outputs on them."""
    outputs = network_outputs(fitted.network, work.problem.at(work.problem.validation)[0])
    return replace(work, network=fitted.network, outcome=fitted.outcome, held_out=outputs)


def with_changed(work: Work, fitted: Fitted) -> Work:
    """Puts what became of the work's network in its place; the held-out outputs change by what its own change.

    So a network that has learnt the validation rows, by an average or a refit, is not judged by what it knows of them.
    """
    after = with_network(work, fitted)
    if work.network is None:
        return after
    assert after.held_out is not None
    return replace(after, held_out=after.held_out + unlearnt(work, work.network))


def with_trained(work: Work, fitted: Fitted) -> Work:
    """Puts what training rows made of the work's network in its place; of two judgements the harder one counts.

    It may have kept what it knew of the validation rows, which its own outputs show, or have lost it with the change.
    """
    return max(with_network(work, fitted), with_changed(work, fitted), key=held_loss)


def _batch_size(network: Kan, rows: int) -> int:
    """Gives about 20 batches an epoch, but none so large that its features would not fit."""
    widest = max(layer.features for layer in network.kan_layers)
    return min(LARGEST_BATCH, max(32, rows // 20), max(64, BATCH_NUMBERS // widest))


def _scale(optimizer: Optimizer) -> int:
    return {"adam": ADAM_STEPS_PER_STEP, "lbfgs": LBFGS_STEPS_PER_STEP}.get(optimizer.name, 1)
