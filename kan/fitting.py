"""`fit`: from a network and plain arrays to a trained network, in one call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from kan.config import Stage
from kan.cost import choose_optimizer, optimizer_reason
from kan.encoding_learning import FARTHEST_INPUT, robust_range
from kan.errors import BadTrainingData, ShapeMismatch
from kan.jacobian import parameter_count
from kan.journal import Journal
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.presets import preset_recipe
from kan.problem import Problem
from kan.split import Part, split_rows
from kan.stages.recipe import Progress, best_so_far, run_recipe
from kan.stages.work import Work
from kan.state import Array
from kan.train import Outcome

SMALLEST_TABLE = 5
# A spread so small beside the largest value is what rounding leaves of none.
NO_SPREAD = 1e-14


@dataclass(frozen=True)
class Run:
    """What `fit` gives back.

    Attributes:
        network: the trained network, in the units of the arrays it was given.
        outcome: how the training ended.
        metrics: {"train": {"rmse", "r2"}, "validation": {...}}; validation is of the network before the last refit.
            Of several outputs the means; of R2 that of the outputs that vary, NaN where none does. Empty where nothing
            was trained, or numbers of the network overflow in the targets' units: then it is as it was given.
        history: every step's progress.
        optimizer: what "auto" takes for the network as it was given, with the reason.
    """

    network: Kan
    outcome: Outcome
    metrics: dict[str, dict[str, float]]
    history: list[Progress]
    optimizer: str


def fit(
    network: Kan,
    x: ArrayLike,
    y: ArrayLike,
    *,
    preset: str = "balanced",
    recipe: Sequence[Stage] | None = None,
    validation: float = 0.2,
    seed: int = 0,
    progress: Callable[[Progress], object] | None = None,
) -> Run:
    """Trains a NEW network of the same shape; the given one is not changed.

    All its edges are splines again, those too that were pruned or formulas. Targets of product nodes are not centred.

    Args:
        network: its shape, grid, degree and base; new random starts are drawn from `seed`.
        x: (rows, inputs), any units: the first grid is laid over the data.
        y: (rows, outputs) or (rows,).
        preset: "quick", "balanced" or "thorough"; unused where `recipe` is given.
        recipe: stages to run instead.
        validation: share of the rows that makes the choices, (0, 1).
        seed: same seed, data and threads give the same bits.
        progress: called with every step; True from it ends the run there, with the best network so far and the
            outcome CANCELLED.

    Raises:
        ShapeMismatch: x or y do not fit the network.
        BadTrainingData: fewer than 5 rows, or values that are not finite.
        KeyError: no such preset.
    """
    inputs, targets = _arrays(network, x, y)
    standardised, mean, std = _standardised(targets, products=len(network.products[-1]))
    problem = _problem(network, inputs, standardised, validation, seed)
    work = Work(problem, network.config)
    stages = recipe if recipe is not None else preset_recipe(preset, search=False)
    history: list[Progress] = []
    work = _run(work, stages, history, progress)
    taken = _automatic_optimizer(problem, network)
    if work.network is None:
        return Run(network.copy(), work.outcome, {}, history, taken)
    metrics = _metrics(work, std)
    _unscale(work.network, mean, std)
    if not all(bool(torch.isfinite(numbers).all()) for numbers in work.network.parameters()):
        return Run(network.copy(), Outcome.NON_FINITE_DATA, {}, history, taken)
    return Run(work.network, work.outcome, metrics, history, taken)


def _automatic_optimizer(problem: Problem, network: Kan) -> str:
    size = parameter_count(network), len(problem.train)
    return f"{choose_optimizer('auto', *size)}: {optimizer_reason('auto', *size)}"


def _run(
    work: Work, stages: Sequence[Stage], history: list[Progress], progress: Callable[[Progress], object] | None
) -> Work:
    """Runs the recipe to its end, or until the caller has enough."""
    journal = Journal()
    run = run_recipe(work, stages, journal)
    while True:
        try:
            history.append(next(run))
        except StopIteration as stop:
            ended: Work = stop.value
            return ended
        if progress is not None and progress(history[-1]) is True:
            run.close()
            return best_so_far(work, stages, journal) or replace(work, outcome=Outcome.CANCELLED)


def _arrays(network: Kan, x: ArrayLike, y: ArrayLike) -> tuple[Array, Tensor]:
    inputs, targets = np.asarray(x, dtype=np.float64), torch.from_numpy(np.array(y, dtype=np.float64))
    targets = targets.unsqueeze(1) if targets.ndim == 1 else targets
    widths = network.widths
    if inputs.ndim != 2 or inputs.shape[1] != widths[0]:
        raise ShapeMismatch("x", f"(rows, {widths[0]})", inputs.shape)
    if targets.shape != (len(inputs), widths[-1]):
        raise ShapeMismatch("y", str((len(inputs), widths[-1])), targets.shape)
    if len(inputs) < SMALLEST_TABLE:
        raise BadTrainingData(f"expected at least {SMALLEST_TABLE} rows, got {len(inputs)}")
    if not bool(np.isfinite(inputs).all() and torch.isfinite(targets).all()):
        raise BadTrainingData("expected finite numbers, got NaN or infinity")
    return inputs, targets


def _standardised(targets: Tensor, products: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gives the targets with mean 0 and spread 1, and by what each was shifted and scaled.

    The last ones, which products answer for, are scaled only.
    """
    # In units of the largest value, so that no sum of squares overflows; in powers of two, so that no bit is lost.
    exponents = np.frexp(targets.abs().amax(0).numpy())[1]
    unit = torch.from_numpy(np.ldexp(1.0, exponents - 1))
    scaled, shifted = targets / unit, targets.shape[1] - products
    mean, std = scaled.mean(0), scaled.std(0, correction=0)
    mean[shifted:], std[shifted:] = 0.0, scaled[:, shifted:].square().mean(0).sqrt()
    is_flat = std <= NO_SPREAD
    mean, std = torch.where(is_flat, scaled[0], mean), torch.where(is_flat, 1.0, std)
    return (scaled - mean) / std, mean * unit, std * unit


def _problem(network: Kan, x: Array, y: Tensor, validation: float, seed: int) -> Problem:
    parts = split_rows(np.ones(len(x), dtype=bool), test_fraction=0.0, validation_fraction=validation, seed=seed)
    # Training rows first: then they and the validation rows are views, not copies.
    order = np.argsort(parts, kind="stable")
    levels = network.kan_layers[0].input_levels
    arranged = torch.from_numpy(_within_reach(x, parts == Part.TRAIN, levels)[order]), y[order]
    return Problem(*arranged, parts[order], SquaredError(), levels, y.shape[1], seed, raw_inputs=True)


def _within_reach(x: Array, train: NDArray[np.bool_], levels: Sequence[int | None]) -> Array:
    """Draws rows far outside the training range nearer, as tables do; categories stay as they are."""
    ranges = np.array([robust_range(column) for column in x[train].T])
    middle, half = ranges.mean(axis=1), np.diff(ranges, axis=1)[:, 0] / 2
    half[[i for i, count in enumerate(levels) if count is not None]] = np.inf
    # A column that never changes has no range: it reaches as far as its values.
    half[half == 0] = np.inf
    nearer: Array = np.clip(x, middle - FARTHEST_INPUT * half, middle + FARTHEST_INPUT * half)
    return nearer


def _metrics(work: Work, std: Tensor) -> dict[str, dict[str, float]]:
    problem = work.problem
    assert work.network is not None
    x, y = problem.at(problem.train)
    _, held = problem.at(problem.validation)
    held_out = torch.full_like(held, torch.inf) if work.held_out is None else work.held_out
    return {"train": _scores(network_outputs(work.network, x), y, std), "validation": _scores(held_out, held, std)}


def _scores(outputs: Tensor, y: Tensor, std: Tensor) -> dict[str, float]:
    """Gives the means of RMSE, in the targets' units, and of R2, over standardised outputs and targets."""
    left, spread = (outputs - y).square().mean(0), (y - y.mean(0)).square().mean(0)
    varies = spread > (NO_SPREAD * y.abs().amax(0)).square()
    return {"rmse": float((left.sqrt() * std).mean()), "r2": float((1 - left[varies] / spread[varies]).mean())}


def _unscale(network: Kan, mean: Tensor, std: Tensor) -> None:
    """Folds the targets' mean and scale into the last layer, so that the network speaks the user's units."""
    network.kan_layers[-1].map_nodes(std, mean)
