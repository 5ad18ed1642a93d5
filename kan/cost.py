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
_BLOCKS_ALIVE = 4
_SQUARES_ALIVE = 6
_BYTES = 8


@dataclass(frozen=True)
class Cost:
    """Parameters, the optimizer that "auto" takes, why, and the most memory at once (bytes)."""

    parameters: int
    optimizer: str
    reason: str
    memory_bytes: int


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
    optimizer = choose_optimizer(optimizer, parameters, rows)
    reason = f"{parameters:,} parameters on {rows:,} rows"
    widest = max(len(input_levels), *config.hidden, 1) * (config.grid + config.degree + 1)
    table = rows * len(input_levels) * _BYTES * 3
    blocks = max(BLOCK_NUMBERS, 64 * max(widest, parameters if optimizer == "lm" else 0)) * _BYTES * _BLOCKS_ALIVE
    vectors = {"lm": parameters, "lbfgs": 2 * LBFGS_HISTORY}.get(optimizer, 1)
    squares = parameters * vectors * _BYTES * _SQUARES_ALIVE
    return Cost(parameters, optimizer, reason, table + blocks + squares)


def choose_optimizer(wanted: str, parameters: int, rows: int) -> str:
    """Gives "lm" or "adam" for "auto", by parameters and rows * parameters^2; anything else stays."""
    small = parameters <= LARGEST_LM_PARAMETERS and rows * parameters**2 <= LARGEST_LM_WORK
    return ("lm" if small else "adam") if wanted == "auto" else wanted


def carries(rows: int, parameters: int) -> bool:
    """Tells whether so many rows determine the numbers of a network that Levenberg-Marquardt can still train."""
    return parameters * ROWS_PER_PARAMETER <= rows and parameters <= LARGEST_LM_PARAMETERS


def rows_per_block(numbers_per_row: int, *, least: int = 64) -> int:
    """Gives how many rows to handle at once."""
    return max(least, BLOCK_NUMBERS // max(numbers_per_row, 1))


def rows_per_jacobian(parameters: int) -> int:
    """Gives how many rows of a Jacobian to multiply at once: no fewer than make it as large as its product."""
    return rows_per_block(parameters, least=max(64, parameters))
