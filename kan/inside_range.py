"""The short way for rows of numbers that lie within the training range in every column: nothing to refuse or report."""

import numpy as np

from kan.encoding import Encoding, NumberInput, Table
from kan.state import Array


class InsideRange:
    """Encodes such rows in a few operations on the whole table, with the same bits as `encode`.

    Args:
        encoding: of a network whose inputs are all numbers; see `inside_range`.
    """

    def __init__(self, encoding: Encoding) -> None:
        numbers = [item for item in encoding.inputs if isinstance(item, NumberInput)]
        self._columns = [item.column for item in numbers]
        self._shift, self._scale = np.array([(item.shift, item.scale) for item in numbers]).T
        self._low, self._high = np.array([_plain_range(item) for item in numbers]).T

    def encode(self, table: Table, matrix: Array | None = None) -> Array | None:
        """Gives the network inputs.

        Args:
            table: the columns of the encoding, float64, all of one length.
            matrix: (rows, columns) the same columns side by side, where the caller has them so.

        Returns:
            (rows, inputs); None where a value is missing, infinite or outside, which `encode` tells apart.
        """
        values = np.stack([table[column] for column in self._columns], axis=1) if matrix is None else matrix
        if not ((values >= self._low) & (values <= self._high)).all():
            return None
        return np.asarray((values - self._shift) / self._scale)


def _plain_range(item: NumberInput) -> tuple[float, float]:
    """Gives the range in which numbers count as they are: one row far off may lie beyond the floor or the ceiling."""
    low = item.low if item.floor is None else max(item.low, item.floor)
    return low, item.high if item.ceiling is None else min(item.high, item.ceiling)


def inside_range(encoding: Encoding) -> InsideRange | None:
    """Gives the short way, None where an input is a category, may be missing or is not used."""
    plain = all(isinstance(item, NumberInput) and item.fill is None for item in encoding.inputs)
    return InsideRange(encoding) if plain and encoding.inputs and not encoding.unused else None
