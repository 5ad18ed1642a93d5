"""A table's rows as plain standardised numbers, for models that know neither levels nor curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Encoding, Table, encode, encode_targets
from kan.split import Part
from kan.state import Array
from kan.table_rows import row_blocks


@dataclass(frozen=True, eq=False)
class DenseRows:
    """The rows that teach, stop and judge, as a network of plain numbers takes them.

    Attributes:
        x: (rows, columns): numbers, and for each level of a category 1 or 0; mean 0 and standard deviation 1 over the
            training rows.
        y: (rows, outputs) standardised, or (rows,) class indices.
        parts: (rows,) `Part` codes, none UNUSED.
        task: "regression" or "classification".
        outputs: network outputs; one logit for two classes.
    """

    x: Array
    y: NDArray[Any]
    parts: NDArray[np.uint8]
    task: str
    outputs: int

    def at(self, *parts: Part) -> tuple[Array, NDArray[Any]]:
        """Gives x and y of some parts."""
        rows = np.isin(self.parts, parts)
        return self.x[rows], self.y[rows]


def dense_rows(encoding: Encoding, table: Table, parts: NDArray[np.uint8]) -> DenseRows:
    """Encodes all rows that are used, and spreads each category out.

    Args:
        encoding: learnt from the training rows.
        table: all rows.
        parts: (rows,) `Part` codes; rows that are UNUSED are left out.

    Raises:
        EncodingError: as `kan.encoding.encode`.
    """
    used = parts != Part.UNUSED
    kept = parts[used]
    levels = encoding.input_levels
    x = np.empty((int(used.sum()), columns_of(levels)))
    for place, values in row_blocks(table, used, partial(encode, encoding)):
        x[place] = spread(values, levels)
    targets = [values for _, values in row_blocks(table, used, partial(encode_targets, encoding))]
    _standardise(x, kept == Part.TRAIN)
    return DenseRows(x, np.concatenate(targets), kept, encoding.task, encoding.network_outputs)


def columns_of(levels: Sequence[int | None]) -> int:
    """Gives the number of columns that inputs become: one a number, one each level of a category."""
    return sum(1 if count is None else count for count in levels)


def spread(x: Array, levels: Sequence[int | None]) -> Array:
    """Gives numbers as they are, and in the place of a level's index 1 for that level and 0 for the others.

    Args:
        x: (rows, inputs) encoded; the index of a level that training never saw is the number of levels: all 0.
        levels: per input its number of levels, None for a number.

    >>> spread(np.array([[0.5, 1.0], [0.25, 2.0]]), [None, 2]).tolist()
    [[0.5, 0.0, 1.0], [0.25, 0.0, 0.0]]
    """
    blocks = [
        x[:, [place]] if count is None else (x[:, [place]] == np.arange(count)).astype(np.float64)
        for place, count in enumerate(levels)
    ]
    return np.concatenate(blocks, axis=1)


def _standardise(x: Array, train: NDArray[np.bool_]) -> None:
    """Shifts and scales in place by the training rows; a column that never changes there is only shifted."""
    mean, std = x[train].mean(axis=0), x[train].std(axis=0)
    x -= mean
    x /= np.where(std > 0, std, 1.0)
