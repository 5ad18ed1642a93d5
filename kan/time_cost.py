"""How long a training is likely to take on one core, said before it is run: steps of each stage, and what one takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from kan.config import Average, Choose, Extend, Fit, NetworkConfig, Refine, Refit, Stage, Starts
from kan.config_symbolic import Discover, Symbolify
from kan.cost import LARGEST_BATCH, MEMBER_ROWS, carries, choose_optimizer
from kan.structures import structures

# Measured on one core: products of parameters by parameters in a second, the time that a row and a parameter of the
# Jacobian take, and a step of any size. tests/kan/test_time_cost.py has estimates beside what trainings took.
PRODUCTS_PER_SECOND = 3e10
JACOBIAN_SECONDS = 1e-8
STEP_SECONDS = 2e-3
# A batch: a row and a parameter forth and back, and what it takes whatever its size.
BATCH_SECONDS, ONE_BATCH_SECONDS = 3e-10, 5e-4
BATCHES_PER_STEP = 50
# A search looks at every function of the library after each of its steps.
SEARCH_STEP_SECONDS = 5e-3
# Reading the table, the split, the scores of every part.
ALWAYS_SECONDS = 0.1

# Steps that a member of an average takes, with a hidden layer and without; members at least; penalties that are tried.
MEMBER_STEPS, ADDITIVE_STEPS, FEWEST_MEMBERS, PENALTIES = 30, 15, 5, 3
ROWS_OF_ALL_MEMBERS = 20_000
# Most fits end before their last step, most climbs before their finest grid.
SHARE_WITH_PATIENCE, SHARE_OF_A_CLIMB = 0.7, 0.25
# Most starts need no penalty, or no second look.
SHARE_OF_PENALTIES = 0.5
STEPS_OF_A_STRUCTURE, STEPS_OF_A_TRY, STEPS_OF_AN_EDGE = 20, 125, 16


@dataclass(frozen=True)
class Job:
    """What a training has before it.

    Attributes:
        input_levels: per network input its number of levels, None for a number.
        outputs: network outputs.
        rows: training rows.
        is_class: of classes, not of numbers?
    """

    input_levels: tuple[int | None, ...]
    outputs: int
    rows: int
    is_class: bool = False

    def parameters(self, config: NetworkConfig) -> int:
        """Gives the trainable numbers of a network."""
        return config.parameters(self.input_levels, self.outputs)


def training_seconds(config: NetworkConfig, recipe: Sequence[Stage], job: Job) -> float:
    """Gives the seconds that a recipe is likely to take on one core, within a factor of about two.

    What the data decide (which shape is chosen, how early a fit ends) is taken to be as on tables with some noise.

    Args:
        config: the network that it starts with; a stage that chooses one replaces it.
        recipe: stages, with every field.
        job: the table.
    """
    seconds, is_averaged = ALWAYS_SECONDS, False
    for stage in recipe:
        # What was averaged is noisy, and a noisy target wants no finer grid.
        if not (is_averaged and isinstance(stage, Extend)):
            spent, config = _STAGES.get(type(stage), _nothing)(stage, config, job)
            seconds += spent
        is_averaged = is_averaged or isinstance(stage, Average)
    return seconds


def step_seconds(config: NetworkConfig, job: Job, optimizer: str = "auto") -> float:
    """Gives the seconds of one step of a fit, of fifty batches where these take its place."""
    parameters = job.parameters(config)
    if choose_optimizer(optimizer, parameters, job.rows) == "lm":
        rows = job.rows * job.outputs
        # The residual branch of an edge takes about as long as its spline.
        jacobian = JACOBIAN_SECONDS * rows * parameters * (0.5 if config.base == "zero" else 1.0)
        return STEP_SECONDS + float(parameters) ** 2 * (rows + parameters) / PRODUCTS_PER_SECOND + jacobian
    batch = min(job.rows, LARGEST_BATCH)
    return BATCHES_PER_STEP * (ONE_BATCH_SECONDS + BATCH_SECONDS * batch * parameters)


Spent = tuple[float, NetworkConfig]


def _nothing(_: Any, config: NetworkConfig, __: Job) -> Spent:
    return 0.0, config


def _fit(stage: Fit, config: NetworkConfig, job: Job) -> Spent:
    steps = stage.steps * (1.0 if stage.patience is None else SHARE_WITH_PATIENCE)
    return steps * step_seconds(config, job, stage.optimizer), config


def _refit(stage: Refit, config: NetworkConfig, job: Job) -> Spent:
    return _within(stage.max_work, stage.steps * step_seconds(config, job)), config


def _refine(stage: Refine, config: NetworkConfig, _: Job) -> Spent:
    return 0.0, replace(config, grid=stage.grid)


def _starts(stage: Starts, config: NetworkConfig, job: Job) -> Spent:
    several = bool(config.hidden) or any(config.products)
    rungs = max(stage.count.bit_length(), 2)
    first = stage.steps * (1 + SHARE_OF_PENALTIES * PENALTIES)
    others = (stage.count - 1) * stage.steps / rungs * 1.5 if several else 0.0
    return _within(stage.max_work, (first + others) * step_seconds(config, job)), config


def _extend(stage: Extend, config: NetworkConfig, job: Job) -> Spent:
    grids = [config.grid]
    while grids[-1] * 2 <= stage.max_grid and carries(job.rows, job.parameters(replace(config, grid=grids[-1] * 2))):
        grids.append(grids[-1] * 2)
    if len(grids) == 1:
        return 0.0, config
    each = (step_seconds(replace(config, grid=grid), job) for grid in grids)
    return sum(_within(stage.max_work, SHARE_OF_A_CLIMB * stage.steps * one) for one in each), config


def _choose(stage: Choose, config: NetworkConfig, job: Job) -> Spent:
    """Every grid once without a hidden layer, and with the widest that the rows carry once for each penalty."""
    few = replace(job, rows=min(job.rows, MEMBER_ROWS))
    seconds, chosen = 0.0, replace(config, hidden=(), base="zero")
    for grid in stage.grids:
        additive = replace(chosen, hidden=(), grid=grid)
        seconds += ADDITIVE_STEPS * step_seconds(additive, few) if 0 in stage.hidden else 0.0
        hidden = _widest(stage, additive, job)
        if hidden is not None:
            once = MEMBER_STEPS * step_seconds(hidden, few)
            seconds += PENALTIES * (1 + (stage.members - 1) * SHARE_WITH_PATIENCE) * once
            chosen = hidden
    return seconds, chosen


def _widest(stage: Choose, additive: NetworkConfig, job: Job) -> NetworkConfig | None:
    shapes = [replace(additive, hidden=(width,)) for width in sorted(stage.hidden) if width]
    needed = 2 if job.is_class else 1
    carried = [shape for shape in shapes if needed * job.parameters(shape) <= job.rows]
    if carried:
        return carried[-1]
    return shapes[0] if shapes and 0 not in stage.hidden else None


def _average(stage: Average, config: NetworkConfig, job: Job) -> Spent:
    worthwhile = ROWS_OF_ALL_MEMBERS // max(job.rows, 1) if config.hidden else 0
    members = min(stage.members, max(FEWEST_MEMBERS, worthwhile))
    few = replace(job, rows=min(job.rows, MEMBER_ROWS))
    steps = MEMBER_STEPS if config.hidden else ADDITIVE_STEPS
    wide = replace(config, hidden=tuple(width * members for width in config.hidden), base="zero")
    return members * steps * step_seconds(config, few), wide


def _discover(stage: Discover, config: NetworkConfig, job: Job) -> Spent:
    inputs = len(job.input_levels)
    if job.outputs > 1:
        return 0.0, config
    number, shape = len(structures(inputs)), replace(config, hidden=(2,))
    fits = number * STEPS_OF_A_STRUCTURE * (1 + (stage.starts - 1) / 3)
    tries = min(stage.tries, number) * STEPS_OF_A_TRY * inputs
    return (fits + tries) * (SEARCH_STEP_SECONDS + step_seconds(shape, job)), replace(config, hidden=(1,))


def _symbolify(_: Symbolify, config: NetworkConfig, job: Job) -> Spent:
    widths = config.widths(len(job.input_levels), job.outputs)
    edges = sum(a * b for a, b in pairwise(widths))
    each = SEARCH_STEP_SECONDS + step_seconds(config, job)
    return STEPS_OF_AN_EDGE * edges * each, config


def _within(max_work: float | None, seconds: float) -> float:
    """Gives the seconds, no more than a stage's bound on its work lasts."""
    return seconds if max_work is None else min(seconds, max_work / PRODUCTS_PER_SECOND)


_STAGES: dict[type[Any], Callable[[Any, NetworkConfig, Job], Spent]] = {
    Fit: _fit,
    Refit: _refit,
    Refine: _refine,
    Starts: _starts,
    Extend: _extend,
    Choose: _choose,
    Average: _average,
    Discover: _discover,
    Symbolify: _symbolify,
}
