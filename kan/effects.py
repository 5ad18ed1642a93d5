"""What a column does to the outputs, alone and with another, by evaluating the network on rows whose values are mixed.

Both are shares of an output's variance and need no derivative and no division by the spread of an edge, so that they
are right where edges cancel. The sources take inputs for independent; where columns of the rows go together, the mixed
rows may be ones that never occur, and the shares say what the network would do there.

Source: Jansen, Analysis of variance designs for model output (1999), for one column; Liu and Owen, Estimating mean
dimensionality of analysis of variance decompositions (2006), equation 11, for two.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kan.predictor import evaluate
from kan.state import Array, NetworkState

# More rows hardly change a share that is read to two digits.
MAX_ROWS = 1000
# Pairs grow with the square of the columns; those that do little alone do little together.
MAX_PAIRED = 12
# An output that varies by no more of its size than rounding does not vary.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Interaction:
    """Two columns and what they do together.

    Attributes:
        columns: their names.
        shares: (outputs,) of each output's variance; 0 where the two only add up.
    """

    columns: tuple[str, str]
    shares: Array


def input_columns(state: NetworkState) -> dict[str, list[int]]:
    """Gives the network inputs of every column that a prediction needs; `x1`, `x2`, … without an encoding."""
    if state.encoding is None:
        return {f"x{source + 1}": [source] for source in range(state.widths[0])}
    columns: dict[str, list[int]] = {column: [] for column in state.encoding.columns}
    for source, item in enumerate(state.encoding.inputs):
        if item.column in columns:
            columns[item.column].append(source)
    return columns


def column_effects(state: NetworkState, x: Array, *, seed: int = 0) -> dict[str, Array]:
    """Gives what part of each output's variance would go if a column were known no more.

    It is half the mean square of the change when the column takes its value from another row, over the variance: the
    column's total Sobol index, its part alone and in all interactions. The parts of all columns may sum to more than 1.

    Args:
        state: the network.
        x: (rows, inputs) in network units, at least two rows; of many some are taken.
        seed: of the rows taken and mixed.

    Returns:
        column -> (outputs,); 0 for an output that does not vary.
    """
    mixed = _Mixed(state, x, seed)
    return {name: mixed.share([sources], 2.0) for name, sources in input_columns(state).items()}


def interactions(state: NetworkState, x: Array, *, seed: int = 0) -> list[Interaction]:
    """Gives what part of each output's variance two columns make together, beyond what each makes alone.

    It is a quarter of the mean square of f(x) - f(x with a) - f(x with b) + f(x with both) over the variance, `with` a
    column's value from another row: all interactions that both take part in. Only the `MAX_PAIRED` columns of the
    greatest effect are paired.

    Args:
        state: the network.
        x: (rows, inputs) in network units, at least two rows; of many some are taken.
        seed: of the rows taken and mixed.

    Returns:
        pairs by their greatest share, the largest first.
    """
    mixed, columns = _Mixed(state, x, seed), input_columns(state)
    effects = {name: float(mixed.share([sources], 2.0).max()) for name, sources in columns.items()}
    paired = sorted(columns, key=lambda name: -effects[name])[:MAX_PAIRED]
    kept = [name for name in columns if name in paired]
    found = [Interaction((a, b), mixed.share([columns[a], columns[b]], 4.0)) for a, b in combinations(kept, 2)]
    return sorted(found, key=lambda pair: -float(pair.shares.max()))


class _Mixed:
    """Rows, each with another row beside it, and the outputs where some columns are taken from that other."""

    def __init__(self, state: NetworkState, x: Array, seed: int) -> None:
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(x))[:MAX_ROWS]
        self._state, self._x = state, x[chosen]
        # Shifted by one within a random order: no row is its own other.
        self._other = np.roll(self._x, 1, axis=0)
        self._outputs: dict[tuple[int, ...], Array] = {}
        plain = self._alone([])
        usable = plain[np.isfinite(plain).all(axis=1)]
        self._variance = usable.var(axis=0) if len(usable) else np.zeros(state.widths[-1])
        size = np.abs(usable).max(axis=0, initial=0.0)
        self._varies = self._variance > np.square(ROUNDING * size)

    def share(self, groups: list[list[int]], divisor: float) -> Array:
        """Gives the mean square of f - f(mixed) for one group of inputs, of the mixed difference for two, as shares."""
        total = self._alone([]) - sum(self._alone(group) for group in groups)
        if len(groups) == 2:
            total = total + self._with([*groups[0], *groups[1]])
        is_number = np.isfinite(total)
        squares = np.square(np.where(is_number, total, 0.0)).sum(axis=0) / np.maximum(is_number.sum(axis=0), 1)
        return np.asarray(np.divide(squares / divisor, self._variance, out=np.zeros_like(squares), where=self._varies))

    def _alone(self, sources: list[int]) -> Array:
        """Gives the outputs with one column mixed, or none; kept, for every pair asks for them."""
        key = tuple(sources)
        if key not in self._outputs:
            self._outputs[key] = self._with(sources)
        return self._outputs[key]

    def _with(self, sources: list[int]) -> Array:
        x = self._x.copy()
        x[:, sources] = self._other[:, sources]
        return evaluate(self._state, x)
