"""How much a stage may do, counted in products and never in seconds, so that the same training does the same."""

from kan.config import Starts
from kan.cost import LARGEST_BATCH, choose_optimizer
from kan.stages.members import ADAM_STEPS_PER_STEP

# What a step takes whatever its size, and a row and parameter of a batch, in products of the normal equations: on a
# core that does 3e10 of these in a second a step of a small network takes 5 ms.
STEP_OVERHEAD = 1.5e8
BATCH_PRODUCTS = 3
# A fit of fewer steps would hardly move.
FEWEST_STEPS = 10


def step_work(parameters: int, rows: int) -> float:
    """Gives the products of one step: of Levenberg-Marquardt J'J and its factor, else of the batches in its place."""
    if choose_optimizer("auto", parameters, rows) == "lm":
        return float(parameters) ** 2 * (rows + parameters) + STEP_OVERHEAD
    return float(ADAM_STEPS_PER_STEP * BATCH_PRODUCTS * min(rows, LARGEST_BATCH)) * parameters + STEP_OVERHEAD


def affordable_steps(steps: int, max_work: float | None, parameters: int, rows: int) -> int:
    """Gives how many of the steps a fit may take; ten of them always."""
    if max_work is None:
        return steps
    return min(steps, max(FEWEST_STEPS, int(max_work / step_work(parameters, rows))))


def affordable_starts(stage: Starts, steps: list[int], parameters: int, rows: int) -> int:
    """Gives how many starts there may be; one always.

    Args:
        steps: of each rung of the successive halving.
    """
    if stage.max_work is None:
        return stage.count
    most = stage.max_work / step_work(parameters, rows)
    return next((count for count in range(stage.count, 1, -1) if _planned_steps(count, steps) <= most), 1)


def _planned_steps(count: int, steps: list[int]) -> int:
    """Gives the steps of all starts: the first takes every rung, of the others half are left at each."""
    others = sum(max(count >> rung, 1) * steps[rung] for rung in range(1, len(steps)))
    return sum(steps) + (count - 1) * steps[0] + others
