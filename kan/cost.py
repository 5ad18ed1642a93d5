"""What a training will take, computed before anything is built: optimizer, numbers, bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from kan.config import NetworkConfig

# A Levenberg-Marquardt step costs rows * parameters^2 and memory parameters^2; beyond these Adam gets further.
LARGEST_LM_PARAMETERS = 3_000
LARGEST_LM_WORK = 2e10
# Fewer training rows than this per trainable number make spikes between the rows.
ROWS_PER_PARAMETER = 1.5
# Pairs of vectors that L-BFGS remembers.
LBFGS_HISTORY = 10
# More rows than this hardly change one member of an average, and a step's cost grows with them.
MEMBER_ROWS = 20_000
# Numbers of one block of features or of a Jacobian (0.8 MB of float64, a core's cache): a table of a million rows is
# trained in little more than its own bytes.
BLOCK_NUMBERS = 100_000
# So many parameters per row of the Jacobian make the matrix of rows the cheaper one.
PARAMETERS_PER_ROW = 2
# Rows of a batch at most, where no other size is asked for.
LARGEST_BATCH = 1024
# Features of a batch at most (64 MB of float64).
BATCH_NUMBERS = 8_000_000
# Rows x parameters of a step from which a GPU gains: a core needs tens of milliseconds for so many, a GPU about one to
# start a step's kernels. Not measured on a GPU yet.
GPU_WORK = 10_000_000
# Arrays alive at once, measured: the peak of a process before and during a fit.
_BLOCKS_ALIVE = 4
_SQUARES_ALIVE, _SQUARES_BY_ROWS = 8, 2
_VECTORS_ALIVE = 6
_BYTES = 8
# What allocators keep and the rows that lay the grids take, whatever the network.
_ALWAYS = 64_000_000


@dataclass(frozen=True)
class Cost:
    """What a training takes.

    Attributes:
        parameters: trainable numbers.
        optimizer: as asked for, or what "auto" takes.
        reason: why.
        memory_bytes: the most at once.
        step_work: rows x parameters of one step.
    """

    parameters: int
    optimizer: str
    reason: str
    memory_bytes: int
    step_work: int


def training_cost(
    config: NetworkConfig, input_levels: Sequence[int | None], outputs: int, rows: int, optimizer: str = "auto"
) -> Cost:
    """Gives the cost of training a network on a table.

    Args:
        input_levels: per network input its number of levels, None for a number.
        outputs: network outputs.
        rows: training rows.
        optimizer: as asked for.
    """
    parameters = config.parameters(input_levels, outputs)
    name = choose_optimizer(optimizer, parameters, rows)
    widest = max(config.widths(len(input_levels), 1)) * (config.grid + config.degree + 1)
    table = 3 * rows * len(input_levels)
    blocks = _BLOCKS_ALIVE * max(BLOCK_NUMBERS, 64 * widest)
    numbers = table + blocks + _optimizer_numbers(name, parameters, rows * outputs)
    step_work = parameters * (min(rows, LARGEST_BATCH) if name == "adam" else rows)
    reason = optimizer_reason(optimizer, parameters, rows)
    return Cost(parameters, name, reason, _ALWAYS + numbers * _BYTES, step_work)


def _optimizer_numbers(name: str, parameters: int, jacobian_rows: int) -> int:
    """Gives the most numbers that an optimizer holds at once; of Levenberg-Marquardt J is n x P and J'J P x P."""
    if name != "lm":
        return _VECTORS_ALIVE * parameters * (2 * LBFGS_HISTORY if name == "lbfgs" else 1)
    if parameters > PARAMETERS_PER_ROW * jacobian_rows:
        return _SQUARES_BY_ROWS * parameters**2 + _BLOCKS_ALIVE * jacobian_rows * parameters
    return _SQUARES_ALIVE * parameters**2


def choose_optimizer(wanted: str, parameters: int, rows: int) -> str:
    """Gives "lm" or "adam" for "auto", by parameters and rows * parameters^2; anything else stays.

    Never "lbfgs": at equal CPU time Adam on compiled gradients left a smaller held-out loss in eight of nine cases of
    1,600 to 8,400 parameters on 300 to 20,000 rows, by a factor of 1.2 to 20; in the ninth L-BFGS left 13 % less.
    """
    if wanted != "auto":
        return wanted
    small = parameters <= LARGEST_LM_PARAMETERS and rows * parameters**2 <= LARGEST_LM_WORK
    return "lm" if small else "adam"


def optimizer_reason(wanted: str, parameters: int, rows: int) -> str:
    """Says in words why the optimizer is the one that it is."""
    size = f"{parameters:,} parameters on {rows:,} rows"
    if wanted != "auto":
        return f"asked for; {size}"
    work = rows * parameters**2
    if parameters > LARGEST_LM_PARAMETERS:
        return f"{size}: above the {LARGEST_LM_PARAMETERS:,} parameters that Levenberg-Marquardt is taken for"
    if work > LARGEST_LM_WORK:
        return f"{size}: a step of Levenberg-Marquardt is {work:.1e} products, more than {LARGEST_LM_WORK:.0e}"
    return f"{size}: a step of Levenberg-Marquardt is {work:.1e} products, at most {LARGEST_LM_WORK:.0e}"


def carries(rows: int, parameters: int) -> bool:
    """Tells whether so many rows determine the numbers of a network that Levenberg-Marquardt can still train."""
    return parameters * ROWS_PER_PARAMETER <= rows and parameters <= LARGEST_LM_PARAMETERS


def rows_per_block(numbers_per_row: int, share: float = 1.0, *, least: int = 64) -> int:
    """Gives how many rows to handle at once; a share below 1 is for a memory that did not take as many."""
    return max(1, int(share * max(least, BLOCK_NUMBERS // max(numbers_per_row, 1))))


def rows_per_jacobian(parameters: int, share: float = 1.0) -> int:
    """Gives how many rows of a Jacobian to multiply at once: no fewer than make it as large as its product."""
    return rows_per_block(parameters, share, least=max(64, parameters))
